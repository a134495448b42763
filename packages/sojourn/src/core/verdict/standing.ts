/**
 * A decision that is kept: a token stood for a session, and so it does as long as the store has nothing new about the
 * roster, until time alone changes it. It saves looking at a record that was looked at before.
 */
import type { Judgement } from './judge.ts'
import { absoluteDeadline, idleDeadline, touchInterval } from '../policy/lifetimes.ts'
import type { StoredSession } from '../roster.ts'
import type { Moment } from '../rules/rule.ts'
import type { ReadAnswer, RosterRead } from '../store.ts'
import type { TokenClaims } from '../token/token.ts'

export interface Standing {
  /** What the store said; it says so again as long as it is true. */
  readonly answer: RosterRead & { readonly record: StoredSession }
  readonly globalEpoch: number
  /** The nearer deadline, or when a touch is due. */
  readonly until: number
}

/** `undefined`: something is to be done at the next check besides answering. */
export function standingOf(
  answer: ReadAnswer,
  judgement: Judgement,
  { claims: { retiring }, moment }: { readonly claims: TokenClaims; readonly moment: Moment },
): Standing | undefined {
  if (judgement.kind !== 'valid' || retiring || !hasRecord(answer)) return undefined
  const { record } = answer
  if (record.grace !== undefined) return undefined
  const { lifetimes, globalEpoch } = moment
  const nextTouch = record.seenAt + touchInterval(lifetimes[record.lifetime])
  const until = Math.min(idleDeadline(record, lifetimes), absoluteDeadline(record, lifetimes), nextTouch)
  return { answer, globalEpoch, until }
}

export function stands({ globalEpoch, until }: Standing, moment: Moment): boolean {
  return moment.now < until && moment.globalEpoch === globalEpoch
}

function hasRecord(answer: ReadAnswer): answer is Standing['answer'] {
  return typeof answer === 'object' && answer.record !== undefined
}
