/**
 * `npm run bench`: CPU microseconds per request on top of the same framework bare, in the server's own process; ours
 * and others', in rounds in turn.
 *
 *     --json       one document on stdout: { "machine", "rows": [{ path, system, base, cpuMicros, … }] }
 *     --rounds N   measured rounds of each path; default 15
 *     --only a,b   only rows with this path, system or base: `verify/memory`, `iron-session`, `koa`
 *     --bytes      instead: what a session takes in Redis (`redis/bytes.ts`)
 *     --sizes      instead: what stores of up to a million sessions take, and how they read (`sizes.ts`); some minutes
 *     --nodes      instead: fifty nodes on one Redis (`nodes/nodes.ts`); some minutes
 *
 * `BENCH_DIRECTORY` is where SQLite files go (`scratch.ts`; for `--sizes`, the directory for temporary files).
 * `BENCH_EXEC_ARGV='--cpu-prof --cpu-prof-dir=/tmp/profiles'` profiles the measured processes.
 */
import { parseArgs } from 'node:util'
import { measure } from './measure.ts'
import { type BenchPath, PATHS } from './paths.ts'
import { measureSizes } from './sizes.ts'
import { measureNodes } from './nodes/nodes.ts'
import { measureBytes } from './redis/bytes.ts'
import { bytesTable, machine, nodesTable, sizesTable, table } from './tables.ts'

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '15' },
    only: { type: 'string' },
    bytes: { type: 'boolean', default: false },
    sizes: { type: 'boolean', default: false },
    nodes: { type: 'boolean', default: false },
  },
})

const rounds = Number(values.rounds)
if (!Number.isSafeInteger(rounds) || rounds < 1) misused('--rounds: write a whole number of at least 1.')
const onProgress = (text: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001B[K${text}`)
}

if (values.sizes) {
  const found = await measureSizes(onProgress)
  print(found, sizesTable)
} else if (values.nodes) {
  print(await measureNodes(onProgress), nodesTable)
} else if (values.bytes) {
  print(await measureBytes(onProgress), bytesTable)
} else {
  const found = await measure(chosen(values.only), { rounds, onProgress })
  print(found, (rows) => table(rows, rounds))
}

function print<Row>(rows: readonly Row[], asTable: (rows: readonly Row[]) => string): void {
  onProgress('')
  process.stdout.write(
    values.json ? `${JSON.stringify({ machine: machine(), rows }, undefined, 2)}\n` : asTable(rows),
  )
}

function chosen(only: string | undefined): readonly BenchPath[] {
  if (only === undefined) return PATHS
  const names = only.split(',').map((name) => name.trim())
  const namesOf = ({ path, system, base }: BenchPath): readonly string[] => [path, system, base]
  const known = [...new Set(PATHS.flatMap(namesOf))]
  const unknown = names.filter((name) => !known.includes(name))
  if (unknown.length > 0)
    misused(`--only: no such path, system or base: ${unknown.join(', ')}. There are ${known.join(', ')}.`)
  return PATHS.filter((path) => namesOf(path).some((name) => names.includes(name)))
}

function misused(problem: string): never {
  process.stderr.write(`${problem}\n`)
  process.exit(2)
}
