/** What was measured, for people to read. */
import { availableParallelism, cpus } from 'node:os'
import type { Row } from './measure.ts'
import type { NodesRow } from './nodes/nodes.ts'
import type { BytesRow } from './redis/bytes.ts'
import { SCRATCH } from './scratch.ts'
import { SIZES_DIRECTORY, type SizeRow } from './sizes.ts'

export function machine(): string {
  return `${cpus()[0]?.model ?? 'unknown CPU'}, ${availableParallelism()} cores, Node ${process.version}`
}

export function table(measured: readonly Row[], rounds: number): string {
  const head = [
    'path',
    'system',
    'base',
    'CPU µs',
    'added µs',
    'quartiles',
    'at best',
    'target',
    'besides write',
    'ratio',
    'at once',
    'store calls',
    'scripts',
    'bytes/session',
    'wall µs',
  ]
  const lines = measured.map((row) => [
    row.path,
    row.system,
    row.base,
    row.cpuMicros.toFixed(1),
    row.cpuMicrosAdded.toFixed(1),
    `${row.cpuMicrosAddedQ1.toFixed(1)} … ${row.cpuMicrosAddedQ3.toFixed(1)}`,
    row.cpuMicrosAddedAtBest.toFixed(1),
    row.targetMicros === undefined ? '' : `${row.targetMicros}`,
    row.cpuMicrosAddedBesidesWrite === undefined
      ? ''
      : `${row.cpuMicrosAddedBesidesWrite} (write ${row.storeWriteMicros})`,
    row.ratioToBare.toFixed(2),
    `${row.connections ?? ''}`,
    `${row.commandsPerRequest ?? ''}`,
    `${row.scriptsPerRequest ?? ''}`,
    row.bytesPerSession === undefined ? '' : `${row.bytesPerSession}`,
    row.wallMicros.toFixed(1),
  ])
  return `${machine()}, files in ${SCRATCH}; median of ${rounds} rounds in turn with the bare base\n\n${aligned([head, ...lines])}`
}

export function sizesTable(measured: readonly SizeRow[]): string {
  const head = ['path', 'sessions', 'users', 'bytes/session', 'verify CPU µs', 'start ms']
  const lines = measured.map((row) => [
    row.path,
    row.sessions.toLocaleString('en'),
    row.users.toLocaleString('en'),
    `${row.bytesPerSession ?? ''}`,
    `${row.verifyMicros ?? ''}`,
    `${row.startMillis ?? ''}`,
  ])
  return `${machine()}, files in ${SIZES_DIRECTORY}\n\n${aligned([head, ...lines])}`
}

export function bytesTable(measured: readonly BytesRow[]): string {
  const head = ['path', 'server', 'sessions/user', 'bytes/session', 'target']
  const lines = measured.map((row) => [
    row.path,
    row.server,
    `${row.sessionsPerUser}`,
    `${row.bytesPerSession}`,
    `${row.targetBytes}`,
  ])
  return `${machine()}\n\n${aligned([head, ...lines])}`
}

export function nodesTable(measured: readonly NodesRow[]): string {
  const head = ['path', 'driver', 'nodes', 'what', 'formula', 'measured', 'unit']
  const lines = measured.map((row) => [
    row.path,
    row.driver,
    `${row.nodes}`,
    row.what,
    row.formula === undefined ? '' : rounded(row.formula),
    rounded(row.measured),
    row.unit,
  ])
  return `${machine()}\n\n${aligned([head, ...lines])}`
}

/** Ratios need more places than counts. */
function rounded(value: number): string {
  return value < 1 ? value.toFixed(3) : value.toFixed(1)
}

function aligned(lines: readonly (readonly string[])[]): string {
  const widths = lines[0]?.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  const text = lines.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths?.[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
  return `${text.join('\n')}\n`
}
