/** What the near cache counts about itself, and how that is told. */
import type { Figure, Measure } from '../../core/measures.ts'

/** Counters only grow; `oldestMs` starts again at every look. */
export interface Figures {
  hits: number
  negativeHits: number
  misses: number
  joined: number
  invalidations: number
  flushes: number
  discarded: number
  expired: number
  oldestMs: number
}

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
  }
}

type Counter = Exclude<keyof Figures, 'oldestMs'>

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

/** Takes the oldest age: the next look sees what was served after this one. */
export function nearMeasures(figures: Figures, copies: number): readonly Measure[] {
  const oldest = figures.oldestMs
  figures.oldestMs = 0
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
      description: 'The oldest knowledge that was served since the last look, counted from sending the read.',
      attributes: {},
      value: oldest / 1000,
    },
  ]
}
