/**
 * A rule is a pure function from a roster to the next roster and an answer. It knows no store, no clock and no
 * chance: what it needs of them comes in as values, so it can be run again on fresh state after a conflict and
 * folded with others into one commit. `difference.ts` turns before and after into a `RosterChange`.
 */
import { SystemError } from '../errors.ts'
import { type Incarnation, NO_COMMIT, type SessionNumber } from '../ids.ts'
import { isExpired, type Lifetimes } from '../policy/lifetimes.ts'
import { equalText } from '../token/token.ts'
import type { EndReason, RosterHeader, StoredSession } from '../roster.ts'

/** What a rule sees: the header and either all records or the one it asked for. */
export interface RosterView {
  readonly header: RosterHeader
  readonly sessions: ReadonlyMap<SessionNumber, StoredSession>
  /** Records that cannot be read and may be removed. */
  readonly damaged: readonly SessionNumber[]
  /** Records that a later version wrote: they count, and stay as they are. */
  readonly newer: ReadonlySet<SessionNumber>
}

/** The circumstances a rule is applied in; fresh for every application. */
export interface Moment {
  readonly now: number
  readonly lifetimes: Lifetimes
  readonly globalEpoch: number
}

export interface Step<Answer> {
  /** The same object when nothing changes; `undefined` when the roster goes, or stays absent. */
  readonly roster: RosterView | undefined
  readonly answer: Answer
  readonly ended?: readonly EndedSession[]
}

export interface EndedSession {
  readonly number: SessionNumber
  /** `undefined` for a record that could not be read. */
  readonly session: StoredSession | undefined
  readonly why: EndReason
}

export type Rule<Answer> = (roster: RosterView | undefined, moment: Moment) => Step<Answer>

/** Whether the record counts: admitted under the present epochs, not taken over, not past a deadline. */
export function isLive(header: RosterHeader, session: StoredSession, moment: Moment): boolean {
  return (
    isCurrent(header, session, moment) &&
    session.claim === undefined &&
    !isExpired(session, moment.now, moment.lifetimes)
  )
}

/** Whether no user-wide or deployment-wide revocation has come since the record was admitted. */
export function isCurrent(header: RosterHeader, session: StoredSession, moment: Moment): boolean {
  return session.epoch === header.epoch && header.globalEpoch >= moment.globalEpoch
}

/** Whether the hash is that of the present secret, or of the one before while its grace lasts. */
export function holdsSecret(session: StoredSession, secretHash: string, moment: Moment): boolean {
  if (equalText(session.secretHash, secretHash)) return true
  const { grace } = session
  return grace !== undefined && moment.now < grace.endsAt && equalText(grace.previousHash, secretHash)
}

export function liveSessions(roster: RosterView, moment: Moment): readonly StoredSession[] {
  return [...roster.sessions.values()].filter((session) => isLive(roster.header, session, moment))
}

/** The session when it lives, whatever secret it has now. */
export function liveSession(
  roster: RosterView | undefined,
  number: SessionNumber,
  moment: Moment,
): StoredSession | undefined {
  const session = roster?.sessions.get(number)
  return roster !== undefined && session !== undefined && isLive(roster.header, session, moment)
    ? session
    : undefined
}

export function withSession(roster: RosterView, session: StoredSession): RosterView {
  return { ...roster, sessions: new Map(roster.sessions).set(session.number, session) }
}

export function withHeader(roster: RosterView, header: Partial<RosterHeader>): RosterView {
  return { ...roster, header: { ...roster.header, ...header } }
}

/** The roster without these sessions, and the list that says why they ended. */
export function without(
  roster: RosterView,
  numbers: Iterable<SessionNumber>,
  why: EndReason,
): { roster: RosterView; ended: EndedSession[] } {
  const sessions = new Map(roster.sessions)
  const ended: EndedSession[] = []
  for (const number of numbers) {
    const session = sessions.get(number)
    if (sessions.delete(number)) ended.push({ number, session, why })
  }
  return { roster: ended.length === 0 ? roster : { ...roster, sessions }, ended }
}

/**
 * A roster that nobody would miss goes as a whole: no session left, no epoch that a sign-in in flight could
 * contradict, no attributes whose version must be remembered.
 */
export function dropIfEmpty(roster: RosterView): RosterView | undefined {
  const { epoch, attributes } = roster.header
  const isEmpty = roster.sessions.size === 0 && roster.damaged.length === 0 && roster.newer.size === 0
  return isEmpty && epoch === 0 && attributes === undefined ? undefined : roster
}

/** A roster without sessions, for a rule that has to create one. */
export function emptyRoster(
  of: { readonly realm: string; readonly subject: string | undefined; readonly incarnation: Incarnation },
  moment: Moment,
): RosterView {
  const { now, globalEpoch } = moment
  return {
    header: {
      state: 'live',
      incarnation: of.incarnation,
      term: now,
      version: 0,
      epoch: 0,
      globalEpoch,
      realm: of.realm,
      subject: of.subject,
      attributes: undefined,
      lastCommit: NO_COMMIT,
    },
    sessions: new Map(),
    damaged: [],
    newer: new Set(),
  }
}

/**
 * The rule, for the roster of this subject only. Keys are cut from an HMAC, so another subject's name in it means
 * that somebody wrote into the store; nothing is done on its strength. An erased roster names nobody.
 *
 * @throws (when applied) SystemError `STORE_CORRUPT`
 */
export function ofSubject<Answer>(
  owner: { readonly realm: string; readonly subject: string },
  rule: Rule<Answer>,
): Rule<Answer> {
  return (roster, moment) => {
    assertOwner(owner, roster?.header)
    return rule(roster, moment)
  }
}

/** @throws SystemError `STORE_CORRUPT` */
export function assertOwner(
  owner: { readonly realm: string; readonly subject: string },
  header: RosterHeader | undefined,
): void {
  if (header?.subject === undefined) return
  if (header.subject === owner.subject && header.realm === owner.realm) return
  throw new SystemError(
    'STORE_CORRUPT',
    'A roster names another subject than the one its key was made from. Somebody else wrote into this store.',
  )
}

/** The rule, for rosters of this realm only: to any other it finds nothing. */
export function inRealm<Answer>(realm: string, rule: Rule<Answer | undefined>): Rule<Answer | undefined> {
  return (roster, moment) =>
    roster !== undefined && roster.header.realm !== realm
      ? { roster, answer: undefined }
      : rule(roster, moment)
}

/** What the rule would answer, changing nothing. */
export function dryRun<Answer>(rule: Rule<Answer>): Rule<Answer> {
  return (roster, moment) => ({ roster, answer: rule(roster, moment).answer })
}
