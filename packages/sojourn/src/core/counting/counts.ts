/**
 * What the engine counts where it happens, and what it hears about from its own events. Only `valid` is on the path
 * of every request: an addition in place.
 */
import type { Events } from '../events.ts'
import { type Tally, tally } from './tally.ts'
import { END_REASONS, LIFETIMES, NONE_REASONS, REFUSAL_REASONS, UNAVAILABLE_REASONS } from './words.ts'

export interface Counts {
  /** Checks that were answered `valid`. */
  valid: number
  /** Checks that were answered `none`, by reason. */
  readonly none: Tally
  /** Checks that were answered `unavailable`, by code. */
  readonly unavailable: Tally
  readonly created: Tally
  readonly ended: Tally
  readonly refusedSignIns: Tally
  readonly revocations: Tally
  readonly touches: Tally
}

export function createCounts(events: Events): Counts {
  const counts: Counts = {
    valid: 0,
    none: tally(NONE_REASONS),
    unavailable: tally(UNAVAILABLE_REASONS),
    created: tally(LIFETIMES),
    ended: tally(END_REASONS),
    refusedSignIns: tally(REFUSAL_REASONS),
    revocations: tally(['uncertain', 'completed']),
    touches: tally(['written', 'coalesced', 'dropped']),
  }
  events.on('session.created', ({ lifetime }) => counts.created.add(lifetime))
  events.on('session.ended', ({ reason }) => counts.ended.add(reason))
  // Transports reject some tokens themselves, and two of them are told apart only here.
  events.on('token.rejected', ({ reason }) => counts.none.add(reason))
  events.on('revoke.uncertain', () => counts.revocations.add('uncertain'))
  events.on('revoke.completed', () => counts.revocations.add('completed'))
  return counts
}
