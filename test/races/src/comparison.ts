/** Results of several libraries side by side: a row for each scenario, a column for each library over all it was run on. */
import type { Result, Row } from './race.ts'

export function comparisonOf(results: readonly Result[]): string {
  const systems = [...new Set(results.map(({ row }) => row.system))]
  const titles = new Map(results.map(({ row, title }) => [row.scenario, title]))
  const lines = [...titles].map(([scenario, title]) => {
    const rows = results.map(({ row }) => row).filter((row) => row.scenario === scenario)
    return [scenario, ...systems.map((system) => cellOf(rows.filter((row) => row.system === system))), title]
  })
  return tableOf([['bad', ...systems, ''], ...lines])
}

function cellOf(rows: readonly Row[]): string {
  const bad = rows.map((row) => row.bad).filter((count) => count !== null)
  if (bad.length === 0) return 'n/a'
  const runs = sumOf(rows.map((row) => row.runs))
  return `${sumOf(bad)} of ${runs}`
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0)
}

function tableOf(lines: readonly (readonly string[])[]): string {
  const widths =
    lines[0]?.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0))) ?? []
  const text = lines.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
  return `${text.join('\n')}\n`
}
