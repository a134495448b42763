/**
 * `npm run bench`: CPU microseconds per request on top of a bare `node:http` server, in the server's own process.
 *
 *     --json       one document on stdout: { "rows": [{ path, system, base, cpuMicros, cpuMicrosAdded, … }] }
 *     --rounds N   measured rounds of each path; default 30
 *     --only a,b   these paths only
 *
 * `BENCH_DIRECTORY` is where SQLite files go (`scratch.ts`).
 * `BENCH_EXEC_ARGV='--cpu-prof --cpu-prof-dir=/tmp/profiles'` profiles the measured processes.
 */
import { availableParallelism, cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { measure, type Row } from './measure.ts'
import { type BenchPath, PATHS } from './paths.ts'
import { SCRATCH } from './scratch.ts'

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '30' },
    only: { type: 'string' },
  },
})

const rounds = Number(values.rounds)
if (!Number.isSafeInteger(rounds) || rounds < 1) misused('--rounds: write a whole number of at least 1.')
const onProgress = (text: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001B[K${text}`)
}

const rows = await measure(chosen(values.only), { rounds, onProgress })
onProgress('')
process.stdout.write(values.json ? `${JSON.stringify({ rows }, undefined, 2)}\n` : tableOf(rows))

function chosen(only: string | undefined): readonly BenchPath[] {
  if (only === undefined) return PATHS
  const names = only.split(',').map((name) => name.trim())
  const unknown = names.filter((name) => !PATHS.some(({ path }) => path === name))
  if (unknown.length > 0)
    misused(
      `--only: no such path: ${unknown.join(', ')}. There are ${PATHS.map(({ path }) => path).join(', ')}.`,
    )
  return PATHS.filter(({ path }) => names.includes(path))
}

function tableOf(measured: readonly Row[]): string {
  const head = [
    'path',
    'system',
    'CPU µs',
    'added µs',
    'quartiles',
    'at best',
    'target',
    'besides write',
    'ratio',
    'store calls',
    'bytes/session',
    'wall µs',
  ]
  const lines = measured.map((row) => [
    row.path,
    row.system,
    row.cpuMicros.toFixed(1),
    row.cpuMicrosAdded.toFixed(1),
    `${row.cpuMicrosAddedQ1.toFixed(1)} … ${row.cpuMicrosAddedQ3.toFixed(1)}`,
    row.cpuMicrosAddedAtBest.toFixed(1),
    row.targetMicros === undefined ? '' : `${row.targetMicros}`,
    row.cpuMicrosAddedBesidesWrite === undefined
      ? ''
      : `${row.cpuMicrosAddedBesidesWrite} (write ${row.storeWriteMicros})`,
    row.ratioToBare.toFixed(2),
    row.commandsPerRequest === undefined ? '' : `${row.commandsPerRequest}`,
    row.bytesPerSession === undefined ? '' : `${row.bytesPerSession}`,
    row.wallMicros.toFixed(1),
  ])
  const widths = head.map((title, column) =>
    Math.max(title.length, ...lines.map((line) => line[column]?.length ?? 0)),
  )
  const text = [head, ...lines].map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
  const machine = `${cpus()[0]?.model ?? 'unknown CPU'}, ${availableParallelism()} cores, Node ${process.version}, files in ${SCRATCH}`
  return `${machine}; median of ${rounds} rounds in turn with a bare node:http server\n\n${text.join('\n')}\n`
}

function misused(problem: string): never {
  process.stderr.write(`${problem}\n`)
  process.exit(2)
}
