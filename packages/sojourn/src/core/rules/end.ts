/**
 * Rules by which sessions end. None asks for a record's version: ending wins over whatever the session was
 * doing. A user-wide revocation writes the header alone, at the same cost for one session or for all of them.
 */
import type { CommitId, Incarnation, SessionNumber } from '../ids.ts'
import type { ClaimTarget, EndReason, RosterHeader, StoredSession } from '../roster.ts'
import { prune, underGlobalEpoch } from './prune.ts'
import {
  dropIfEmpty,
  holdsSecret,
  isLive,
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
    const session = roster.sessions.get(number)
    const { roster: rest, ended } = without(roster, [number], why)
    const pruned = prune(rest, moment)
    const wasLive = session !== undefined && isLive(roster.header, session, moment)
    return {
      roster: dropIfEmpty(pruned.roster),
      answer: wasLive ? session : undefined,
      ended: [...ended, ...pruned.ended],
    }
  }
}

/** Ends every session but one; answers those that ended, `undefined` when `keep` itself is over. */
export function revokeOthers(keep: SessionNumber): Rule<readonly StoredSession[] | undefined> {
  return (roster, moment) => {
    const kept = roster?.sessions.get(keep)
    if (roster === undefined || kept === undefined || !isLive(roster.header, kept, moment))
      return { roster, answer: undefined }
    const others = liveSessions(roster, moment).filter((session) => session.number !== keep)
    const rest = without(
      roster,
      others.map((session) => session.number),
      'revoked-others',
    )
    const pruned = prune(rest.roster, moment)
    return { roster: pruned.roster, answer: others, ended: [...rest.ended, ...pruned.ended] }
  }
}

export interface UserWide {
  readonly realm: string
  readonly subject: string
  /** For a header that has to be created: sign-ins in flight must find that the epoch has moved. */
  readonly incarnation: Incarnation
  readonly id: CommitId
}

/** Ends all sessions and sign-ins in flight by raising the epoch. Records stay where they are and count no more. */
export function revokeAll(of: UserWide): Rule<{ readonly epoch: number }> {
  return (roster, moment) => {
    const raised = raise(roster === undefined ? emptyRoster(of, moment) : roster, moment)
    return { roster: raised, answer: { epoch: raised.header.epoch } }
  }
}

/** Ends all sessions but one, which is admitted anew under the raised epoch with a new secret. */
export function endOthersByEpoch(keep: {
  readonly number: SessionNumber
  readonly generation: number
  readonly secretHash: string
}): Rule<{ readonly kept: StoredSession; readonly header: RosterHeader } | undefined> {
  return (roster, moment) => {
    const session = roster?.sessions.get(keep.number)
    if (roster === undefined || session === undefined || !isLive(roster.header, session, moment))
      return { roster, answer: undefined }
    if (session.secretHash === keep.secretHash)
      return { roster, answer: { kept: session, header: roster.header } }
    if (session.generation !== keep.generation) return { roster, answer: undefined }
    const raised = raise(roster, moment)
    const kept: StoredSession = {
      ...session,
      epoch: raised.header.epoch,
      generation: session.generation + 1,
      secretHash: keep.secretHash,
      secretAt: moment.now,
      grace: undefined,
    }
    const { roster: next, ended } = prune(withSession(raised, kept), moment)
    const because = ended.map((end) =>
      end.why === 'revoked-all' ? { ...end, why: 'credential-changed' as const } : end,
    )
    return { roster: next, answer: { kept, header: next.header }, ended: because }
  }
}

/** Ends all sessions and forgets who the subject was; the bare epoch stays until no sign-in can be in flight. */
export function erase(of: UserWide): Rule<{ readonly epoch: number }> {
  return (roster, moment) => {
    const raised = raise(roster === undefined ? emptyRoster(of, moment) : roster, moment)
    const gone = without(raised, raised.sessions.keys(), 'erased')
    const forgotten = withHeader(gone.roster, { subject: undefined, attributes: undefined })
    return {
      roster: { ...forgotten, damaged: [] },
      answer: { epoch: forgotten.header.epoch },
      ended: gone.ended,
    }
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

function raise(roster: RosterView, moment: Moment): RosterView {
  const { header } = underGlobalEpoch(roster, moment)
  return withHeader(roster, {
    epoch: header.epoch === roster.header.epoch ? header.epoch + 1 : header.epoch,
    globalEpoch: header.globalEpoch,
  })
}

function emptyRoster(of: UserWide, moment: Moment): RosterView {
  return {
    header: {
      state: 'live',
      incarnation: of.incarnation,
      term: moment.now,
      version: 0,
      epoch: 0,
      globalEpoch: moment.globalEpoch,
      realm: of.realm,
      subject: of.subject,
      attributes: undefined,
      lastCommit: of.id,
    },
    sessions: new Map(),
    damaged: [],
    newer: 0,
  }
}
