/** Figures for people, which no test decides by: with `SOJOURN_FIGURES=<file>` each is a line of that file. */
import { appendFileSync } from 'node:fs'

export function figure(what: string, values: object): void {
  const file = process.env['SOJOURN_FIGURES']
  if (file !== undefined) appendFileSync(file, `${what} ${JSON.stringify(values)}\n`)
}

/** The value below which are so many hundredths of them; rounded to a tenth. */
export function percentile(values: readonly number[], hundredths: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const value = sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * hundredths) / 100))] ?? 0
  return Math.round(value * 10) / 10
}
