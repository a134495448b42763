/** What a fence tells of itself. */
import type { Measure } from '../../core/measures.ts'
import type { Outcome } from './fence-beat.ts'

/** Heartbeats by how they ended. `unanswered` ones were given up; an answer that comes later is counted as well. */
export type Tally = Record<Outcome | 'failed' | 'unanswered', number>

export interface FenceState {
  readonly tally: Readonly<Tally>
  readonly primaries: readonly PrimaryState[]
  /** While none is known: instruments are made from the first look, and an alarm stands on the age. */
  readonly unknown: PrimaryState
}

export interface PrimaryState {
  readonly index: number
  /** Milliseconds since the last confirmed heartbeat was sent. */
  readonly age: number
  readonly state: 'confirmed' | 'unconfirmed' | 'idle'
}

const STATES = ['confirmed', 'unconfirmed', 'idle'] as const

export function createTally(): Tally {
  return { acknowledged: 0, witnessed: 0, answered: 0, failed: 0, unanswered: 0 }
}

export function fenceMeasures({ tally, primaries, unknown }: FenceState): readonly Measure[] {
  const aged = primaries.length === 0 ? [unknown] : primaries
  return [
    ...aged.map((primary) => ageOf(primary)),
    ...STATES.map((state) => countOf(state, primaries)),
    ...Object.entries(tally).map(([outcome, value]) => heartbeats(outcome, value)),
  ]
}

function ageOf({ index, age, state }: PrimaryState): Measure {
  return {
    kind: 'gauge',
    name: 'sojourn.redis.fence.age',
    description:
      'Time since the last confirmed heartbeat to a primary was sent, or since the start when there was none; 0 while nobody asks. Reads are refused beyond the fence.',
    unit: 's',
    attributes: { primary: String(index) },
    value: state === 'idle' ? 0 : age / 1000,
  }
}

function countOf(state: (typeof STATES)[number], primaries: readonly PrimaryState[]): Measure {
  return {
    kind: 'gauge',
    name: 'sojourn.redis.fence.primaries',
    description: 'Primaries that are confirmed to be the authority, that are not, and that nobody asks for.',
    unit: '{primary}',
    attributes: { state },
    value: primaries.filter((primary) => primary.state === state).length,
  }
}

function heartbeats(outcome: string, value: number): Measure {
  return {
    kind: 'counter',
    name: 'sojourn.redis.fence.heartbeats',
    description:
      'Heartbeats by outcome: acknowledged by all voters, witnessed by others, answered by a single server that takes no writes, failed, unanswered in time.',
    unit: '{heartbeat}',
    attributes: { outcome },
    value,
  }
}
