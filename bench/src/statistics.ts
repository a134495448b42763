/** Of many rounds: the middle, and between what the middle half lies. One slow round changes none of them. */
export interface Spread {
  readonly least: number
  readonly median: number
  readonly lowerQuartile: number
  readonly upperQuartile: number
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((left, right) => left - right)
  return {
    least: sorted[0] ?? 0,
    median: quantile(sorted, 0.5),
    lowerQuartile: quantile(sorted, 0.25),
    upperQuartile: quantile(sorted, 0.75),
  }
}

function quantile(sorted: readonly number[], share: number): number {
  const at = (sorted.length - 1) * share
  const below = sorted[Math.floor(at)] ?? 0
  const above = sorted[Math.ceil(at)] ?? 0
  return below + (above - below) * (at - Math.floor(at))
}

/** To a tenth of a microsecond: more would be noise. */
export function tenth(value: number): number {
  return Math.round(value * 10) / 10
}
