/** What a run says: a line for each case and one for each of its facts, then a table. */
import type { Row } from './run.ts'

const COLUMNS = [
  'fault',
  'topology',
  'operations',
  'faults',
  'violations',
  'worst lateness',
  'recovery p99',
] as const

export function linesOf(row: Row): string {
  const { fault, topology, title, ran, because, seconds, facts = [] } = row
  const notes = ran ? facts : [`not run: ${because}`]
  const head = `${fault.padEnd(9)} ${topology.padEnd(13)} ${seconds.toFixed(1).padStart(6)} s  ${title}\n`
  return head + notes.map((note) => `          ${note}\n`).join('')
}

export function tableOf(rows: readonly Row[]): string {
  const lines: readonly (readonly string[])[] = [COLUMNS, ...rows.map(cellsOf)]
  const widths = COLUMNS.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  const text = lines.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
  return `${text.join('\n')}\n`
}

function cellsOf(row: Row): readonly string[] {
  const { fault, topology, ran, failed, operations, faults, violations, worstLatenessMs, recoveryP99Ms } = row
  if (!ran) return [fault, topology, failed === true ? 'failed' : 'not run']
  return [
    fault,
    topology,
    String(operations),
    String(faults),
    String(violations),
    milliseconds(worstLatenessMs),
    milliseconds(recoveryP99Ms),
  ]
}

function milliseconds(value: number | undefined): string {
  return value === undefined ? '–' : `${Math.round(value)} ms`
}
