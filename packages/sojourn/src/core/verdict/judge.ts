/**
 * The decision: does this genuine token stand for a session, given what the store has under its key? Pure, so
 * that every order of checks can be tested. A wrong secret never learns more than a wrong secret may.
 */
import { absoluteDeadline, idleDeadline } from '../policy/lifetimes.ts'
import type { RosterHeader, StoredSession } from '../roster.ts'
import { isCurrent, type Moment } from '../rules/rule.ts'
import type { ReadAnswer } from '../store.ts'
import { equalText, type TokenClaims } from '../token/token.ts'

/** Why a presented token is no session. Fine inward (events, logs); outward all are the same. */
export type NoneReason =
  /** Nothing was presented. */
  | 'absent'
  /** Not shaped like a token, presented twice, or damaged on the way. */
  | 'malformed'
  /** Not signed by this deployment for this transport. */
  | 'forged'
  /** There is no such session (any more). */
  | 'unknown'
  | 'revoked'
  | 'idle-timeout'
  | 'absolute-timeout'
  /** The session has a newer secret. */
  | 'superseded'
  /** A sign-in took the session over. */
  | 'claimed'
  /** The stored record cannot be read. */
  | 'damaged'

export type Judgement =
  | {
      readonly kind: 'valid'
      readonly header: RosterHeader
      readonly session: StoredSession
      readonly by: 'present' | 'previous'
    }
  | { readonly kind: 'none'; readonly reason: NoneReason; readonly claimEndsAt?: number }
  | { readonly kind: 'unavailable'; readonly reason: UnavailableReason }

export type UnavailableReason =
  | 'restoring'
  | 'store-behind'
  | 'deployment-behind'
  | 'newer-format'
  | 'revocation-in-doubt'

export function judge(claims: TokenClaims, answer: ReadAnswer, moment: Moment): Judgement {
  if (answer === undefined) return none('unknown')
  if (answer === 'damaged') return none('damaged')
  if (answer === 'newer') return unavailable('newer-format')
  const { header, record } = answer
  if (header.state === 'restoring') return unavailable('restoring')
  if (header.globalEpoch > moment.globalEpoch) return unavailable('deployment-behind')
  if (answer.unreadable !== undefined)
    return answer.unreadable === 'newer' ? unavailable('newer-format') : none('damaged')
  if (record === undefined) return none('unknown')
  if (record.number !== claims.number) return none('damaged')
  if (!isCurrent(header, record, moment)) return none('revoked')
  return judgeRecord(claims, header, record, moment)
}

function judgeRecord(
  claims: TokenClaims,
  header: RosterHeader,
  session: StoredSession,
  moment: Moment,
): Judgement {
  if (claims.generation > session.generation) return unavailable('store-behind')
  const by = secretInUse(claims, session, moment.now)
  if (by === undefined) return none('superseded')
  if (session.claim !== undefined)
    return { kind: 'none', reason: 'claimed', claimEndsAt: session.claim.endsAt }
  if (moment.now >= absoluteDeadline(session, moment.lifetimes)) return none('absolute-timeout')
  if (moment.now >= idleDeadline(session, moment.lifetimes)) return none('idle-timeout')
  return { kind: 'valid', header, session, by }
}

function secretInUse(
  claims: TokenClaims,
  session: StoredSession,
  now: number,
): 'present' | 'previous' | undefined {
  if (claims.generation === session.generation)
    return equalText(claims.secretHash, session.secretHash) ? 'present' : undefined
  const { grace } = session
  if (grace === undefined || now >= grace.endsAt || claims.generation !== session.generation - 1)
    return undefined
  return equalText(claims.secretHash, grace.previousHash) ? 'previous' : undefined
}

function none(reason: NoneReason): Judgement {
  return { kind: 'none', reason }
}

function unavailable(reason: UnavailableReason): Judgement {
  return { kind: 'unavailable', reason }
}
