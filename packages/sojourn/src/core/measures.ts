/**
 * Figures that a part of the library keeps about itself, as plain numbers that whoever exports them reads from time to
 * time (`observe/`). Counting costs an addition; nothing is computed until somebody looks.
 *
 * Names are dotted as OpenTelemetry's are, values in base units (seconds, bytes), attributes few and of few values:
 * never a subject, a session, an address.
 */

export type Measure = Figure | Distribution

export interface Described {
  /** `sojourn.near.hits`. */
  readonly name: string
  readonly description: string
  /** UCUM: `s`, `By`, `{request}`. */
  readonly unit: string
  readonly attributes: Readonly<Record<string, string>>
}

export interface Figure extends Described {
  /** A counter only grows; a gauge is what is so now. */
  readonly kind: 'counter' | 'gauge'
  readonly value: number
}

export interface Distribution extends Described {
  readonly kind: 'histogram'
  /** Upper bounds, ascending; a last bucket without one follows. */
  readonly bounds: readonly number[]
  /** How many values fell into each bucket, one more than `bounds`. */
  readonly counts: readonly number[]
  readonly sum: number
}

/**
 * Optional capability of stores and ports: what they know of themselves. All names stay the same, each of one kind,
 * for the object's life. The answer is at hand: nobody waits for it.
 */
export interface SelfMeasuring {
  measures(): readonly Measure[]
}

export function measuresItself(part: object): part is SelfMeasuring {
  return typeof (part as Partial<SelfMeasuring>).measures === 'function'
}

/** Seconds: a loopback read to a long outage. */
export const LATENCY_BOUNDS: readonly number[] = [
  0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5,
]

export interface Histogram {
  record(value: number): void
  /** What was recorded, under a description. */
  measure(described: Described): Distribution
}

/** **Cost**: a record is a search among the bounds and two additions. */
export function histogram(bounds: readonly number[] = LATENCY_BOUNDS): Histogram {
  const counts = Array.from({ length: bounds.length + 1 }, () => 0)
  let sum = 0
  return {
    record(value) {
      let bucket = 0
      while (bucket < bounds.length && value > (bounds[bucket] as number)) bucket++
      counts[bucket] = (counts[bucket] as number) + 1
      sum += value
    },
    measure: (described) => ({ ...described, kind: 'histogram', bounds, counts: [...counts], sum }),
  }
}
