/**
 * Rules by which sessions end. None asks for a record's version: ending wins over whatever the session was
 * doing. User-wide ones raise the epoch and write the header alone, at the same cost for one session or for all.
 *
 * Each may be applied again after an unknown outcome without ending more than was asked for: it knows what it
 * was to end from an observation (`EndTarget`) that was made after the call began.
 */
import { newerFormat } from '../errors.ts'
import type { Incarnation, SessionNumber } from '../ids.ts'
import type { ClaimTarget, EndReason, RosterHeader, StoredSession } from '../roster.ts'
import { prune } from './prune.ts'
import {
  dropIfEmpty,
  emptyRoster,
  holdsSecret,
  isLive,
  liveSession,
  liveSessions,
  type Moment,
  type RosterView,
  type Rule,
  withHeader,
  without,
  withSession,
} from './rule.ts'

/** Ends one session. The answer is the session that ended, `undefined` when it was over already. */
export function revoke(number: SessionNumber, why: EndReason): Rule<StoredSession | undefined> {
  return (roster, moment) => {
    if (roster === undefined) return { roster, answer: undefined }
    if (roster.newer.has(number)) throw newerFormat()
    const answer = liveSession(roster, number, moment)
    const rest = without(roster, [number], why)
    const pruned = prune(rest.roster, moment)
    return { roster: dropIfEmpty(pruned.roster), answer, ended: [...rest.ended, ...pruned.ended] }
  }
}

/** Ends one session for somebody who holds its secret: one that was superseded ends nothing. */
export function revokeHeld(
  number: SessionNumber,
  secretHash: string,
  why: EndReason,
): Rule<StoredSession | undefined> {
  const end = revoke(number, why)
  return (roster, moment) => {
    const session = roster?.sessions.get(number)
    const isHeld = session !== undefined && holdsSecret(session, secretHash, moment)
    return isHeld ? end(roster, moment) : { roster, answer: undefined }
  }
}

/**
 * What a user-wide revocation is to end, as it was observed after the revocation was asked for. Reaching the epoch
 * ends it all, unless somebody else's revocation reached it and kept a session: that one is ended by its number.
 */
export interface EndTarget {
  readonly realm: string
  readonly subject: string
  readonly epoch: number
  /** Of the roster that was found. */
  readonly incarnation: Incarnation | undefined
  /** For a roster that has to be created: never that of one which is gone. */
  readonly fresh: Incarnation
  readonly numbers: readonly SessionNumber[]
}

/**
 * What ends all that both would end; the older one itself when that is as much. Of two rosters the newer one was there
 * last: whatever brings the other one back, it has not reached this target.
 */
export function joinedTargets(older: EndTarget, newer: EndTarget): EndTarget {
  const isSameRoster = older.incarnation === newer.incarnation
  const isKnown = newer.numbers.every((number) => older.numbers.includes(number))
  if (isSameRoster && older.epoch >= newer.epoch && isKnown) return older
  return {
    ...newer,
    epoch: isSameRoster ? Math.max(older.epoch, newer.epoch) : newer.epoch,
    numbers: [...new Set([...older.numbers, ...newer.numbers])],
  }
}

/** Ends all sessions and sign-ins in flight by raising the epoch. Records stay where they are and count no more. */
export function revokeAll(target: EndTarget): Rule<{ readonly sessions: number }> {
  return (roster, moment) => {
    const raised = raise(roster, target, moment)
    const sessions = roster === undefined ? 0 : liveSessions(roster, moment).length
    if (raised !== roster) return { roster: raised, answer: { sessions } }
    const gone = without(raised, target.numbers, 'revoked-all')
    return { roster: gone.roster, answer: { sessions: gone.ended.length }, ended: gone.ended }
  }
}

export interface ExceptOne {
  readonly keep: SessionNumber
  readonly why: EndReason
  /** Whether what was decided about the kept session before is to land no more. */
  readonly newPrivilege: boolean
}

export interface RevokedOthers {
  /** `undefined`: it was over already. */
  readonly kept: StoredSession | undefined
  readonly header: RosterHeader | undefined
  /** How many live sessions this application ended. */
  readonly others: number
}

/**
 * Ends all sessions but one, which is admitted anew under the raised epoch with the secret that it has. Sign-ins
 * in flight end too.
 */
export function revokeAllBut({ keep, why, newPrivilege }: ExceptOne, target: EndTarget): Rule<RevokedOthers> {
  return (roster, moment) => {
    const kept = roster === undefined ? undefined : liveSession(roster, keep, moment)
    // A session that is over has no others to end; a credential that was changed ends them all the same.
    const isOver = kept === undefined && why === 'revoked-others'
    if (isOver) return { roster, answer: { kept, header: roster?.header, others: 0 } }
    const raised = raise(roster, target, moment)
    if (raised === roster) {
      const numbers = target.numbers.filter((number) => number !== keep)
      const gone = without(raised, numbers, why)
      return {
        roster: gone.roster,
        answer: { kept, header: raised.header, others: gone.ended.length },
        ended: gone.ended,
      }
    }
    if (roster === undefined || kept === undefined)
      return { roster: raised, answer: { kept, header: raised.header, others: 0 } }
    const privilege = newPrivilege ? kept.privilege + 1 : kept.privilege
    const readmitted: StoredSession = { ...kept, epoch: raised.header.epoch, privilege }
    const pruned = prune(withSession(raised, readmitted), moment)
    const others = liveSessions(roster, moment).length - 1 + roster.newer.size
    const ended = pruned.ended.map((end) => (end.why === 'revoked-all' ? { ...end, why } : end))
    return {
      roster: pruned.roster,
      answer: { kept: readmitted, header: pruned.roster.header, others },
      ended,
    }
  }
}

/** Ends all sessions and forgets who the subject was; the bare epoch stays until no sign-in can be in flight. */
export function erase(target: EndTarget): Rule<{ readonly epoch: number }> {
  return (roster, moment) => {
    const raised = raise(roster, target, moment)
    const numbers = raised === roster ? target.numbers : raised.sessions.keys()
    const gone = without(raised, numbers, 'erased')
    const { subject, attributes, epoch } = raised.header
    // Whoever signed up again under the same name in the meantime is somebody new.
    const isForgotten = gone.roster.sessions.size > 0 || (subject === undefined && attributes === undefined)
    const forgotten = isForgotten
      ? gone.roster
      : withHeader(gone.roster, { subject: undefined, attributes: undefined })
    const damaged = forgotten.damaged.map((number) => ({
      number,
      session: undefined,
      why: 'erased' as const,
    }))
    const cleared = damaged.length === 0 ? forgotten : { ...forgotten, damaged: [] }
    return { roster: cleared, answer: { epoch }, ended: [...gone.ended, ...damaged] }
  }
}

export interface Claim {
  readonly number: SessionNumber
  readonly secretHash: string
  readonly target: ClaimTarget
}

export type ClaimAnswer =
  /** The record is dead from now on; `target` is where it goes: ours, or that of an earlier try. */
  | { readonly kind: 'claimed'; readonly session: StoredSession; readonly target: ClaimTarget }
  | { readonly kind: 'nothing' }

/**
 * Takes a record over for a sign-in elsewhere. A record that was claimed for the same roster before is
 * continued; one that was claimed for another roster is somebody else's.
 */
export function claim(request: Claim): Rule<ClaimAnswer> {
  return (roster, moment) => {
    const session = roster?.sessions.get(request.number)
    if (roster === undefined || session === undefined || !holdsSecret(session, request.secretHash, moment))
      return { roster, answer: { kind: 'nothing' } }
    const mine = session.claim === undefined || session.claim.roster === request.target.roster
    if (!mine || !isLive(roster.header, { ...session, claim: undefined }, moment))
      return { roster, answer: { kind: 'nothing' } }
    if (session.claim !== undefined)
      return { roster, answer: { kind: 'claimed', session, target: session.claim } }
    const claimed: StoredSession = { ...session, claim: request.target }
    return {
      roster: withSession(roster, claimed),
      answer: { kind: 'claimed', session: claimed, target: request.target },
    }
  }
}

/** The same roster when the target was reached before. A rebuilt roster never reached it: it starts at 0 again. */
function raise(roster: RosterView | undefined, target: EndTarget, moment: Moment): RosterView {
  const { realm, subject, fresh, incarnation, epoch } = target
  if (roster === undefined)
    return withHeader(emptyRoster({ realm, subject, incarnation: fresh }, moment), { epoch: 1 })
  const { header } = roster
  const isReached =
    header.incarnation === fresh || (header.incarnation === incarnation && header.epoch >= epoch)
  if (isReached) return roster
  const globalEpoch = Math.max(header.globalEpoch, moment.globalEpoch)
  return withHeader(roster, { realm, epoch: header.epoch + 1, globalEpoch })
}
