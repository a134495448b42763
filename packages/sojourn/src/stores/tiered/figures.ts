/** What the near cache counts about itself, and how that is told. */
import type { Environment } from '../../core/environment.ts'
import type { Figure, Measure } from '../../core/measures.ts'

/** Counters only grow. */
export interface Figures {
  hits: number
  negativeHits: number
  misses: number
  joined: number
  invalidations: number
  flushes: number
  discarded: number
  expired: number
  /** The greatest age that was served in this turn. */
  oldestMs: number
  /** And in the one before. */
  oldestBeforeMs: number
  /** When this turn began; the first one begins with the first look. */
  turnedAt: number
}

/** No turn is shorter. */
const TURN_MS = 10_000

export function newFigures(): Figures {
  return {
    hits: 0,
    negativeHits: 0,
    misses: 0,
    joined: 0,
    invalidations: 0,
    flushes: 0,
    discarded: 0,
    expired: 0,
    oldestMs: 0,
    oldestBeforeMs: 0,
    turnedAt: Number.NEGATIVE_INFINITY,
  }
}

type Counter = Exclude<keyof Figures, 'oldestMs' | 'oldestBeforeMs' | 'turnedAt'>

const COUNTERS: readonly (readonly [Counter, string, Pick<Figure, 'unit' | 'description'>])[] = [
  ['hits', 'hits', { unit: '{read}', description: 'Reads answered from a copy of the session.' }],
  ['negativeHits', 'negative_hits', { unit: '{read}', description: 'Reads answered from a copied absence.' }],
  ['misses', 'misses', { unit: '{read}', description: 'Reads that asked the hot store.' }],
  ['joined', 'joined', { unit: '{read}', description: 'Reads that waited for a miss already under way.' }],
  [
    'invalidations',
    'invalidations',
    { unit: '{change}', description: 'Changes that the hot store told about.' },
  ],
  [
    'flushes',
    'flushes',
    { unit: '{flush}', description: 'Times that all was dropped: changes went unheard.' },
  ],
  [
    'discarded',
    'discarded_fills',
    { unit: '{read}', description: 'Answers not kept: the roster changed while they were under way.' },
  ],
  ['expired', 'expired', { unit: '{copy}', description: 'Copies found at the end of their lease.' }],
]

export interface NearState {
  readonly figures: Figures
  readonly copies: number
  readonly environment: Pick<Environment, 'monotonic'>
}

export function nearMeasures({ figures, copies, environment }: NearState): readonly Measure[] {
  const oldestMs = Math.max(figures.oldestMs, figures.oldestBeforeMs)
  turn(figures, environment.monotonic())
  return [
    ...COUNTERS.map(
      ([key, name, described]): Figure => ({
        kind: 'counter',
        name: `sojourn.near.${name}`,
        ...described,
        attributes: {},
        value: figures[key],
      }),
    ),
    {
      kind: 'gauge',
      name: 'sojourn.near.entries',
      unit: '{copy}',
      description: 'Copies that are held.',
      attributes: {},
      value: copies,
    },
    {
      kind: 'gauge',
      name: 'sojourn.near.age.max',
      unit: 's',
      description:
        'The oldest knowledge that was served in the last turns of 10 s or more, counted from sending the read.',
      attributes: {},
      value: oldestMs / 1000,
    },
  ]
}

/** What is told covers two turns, so no look takes a peak from another. */
function turn(figures: Figures, now: number): void {
  if (now - figures.turnedAt < TURN_MS) return
  figures.oldestBeforeMs = figures.oldestMs
  figures.oldestMs = 0
  figures.turnedAt = now
}
