/** Durations and sizes as people write them: `'30m'`, `'14d'`, `'4KiB'`. */

/** A whole number and a unit: `ms`, `s`, `m`, `h`, `d`. */
export type Duration = `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`
/** A whole number and a unit: `B`, `KiB`, `MiB`. */
export type Size = `${number}${'B' | 'KiB' | 'MiB'}`

const MILLISECONDS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const BYTES = { B: 1, KiB: 1024, MiB: 1024 * 1024 } as const

/** Milliseconds, or `undefined` for anything that is not a duration. */
export function parseDuration(text: unknown): number | undefined {
  return parse(text, /^(\d{1,9})(ms|s|m|h|d)$/, MILLISECONDS)
}

/** Bytes, or `undefined` for anything that is not a size. */
export function parseSize(text: unknown): number | undefined {
  return parse(text, /^(\d{1,9})(B|KiB|MiB)$/, BYTES)
}

function parse(text: unknown, shape: RegExp, units: Readonly<Record<string, number>>): number | undefined {
  const match = typeof text === 'string' ? shape.exec(text) : null
  const unit = match === null ? undefined : units[match[2] as string]
  return match === null || unit === undefined ? undefined : Number(match[1]) * unit
}

/** The largest unit that says it exactly; for messages. */
export function durationText(ms: number): string {
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    if (ms >= MILLISECONDS[unit] && ms % MILLISECONDS[unit] === 0) return `${ms / MILLISECONDS[unit]}${unit}`
  }
  return `${ms}ms`
}
