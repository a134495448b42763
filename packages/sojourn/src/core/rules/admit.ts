/**
 * Admission: the only way a session comes into a roster. Checks the epochs that the sign-in belongs to, tidies,
 * enforces the device limit, and adds the record, all in one step. At most `limit` live sessions exist at any
 * instant, because membership changes are compared against the roster's version.
 */
import type { Incarnation, SessionNumber } from '../ids.ts'
import { newerFormat } from '../errors.ts'
import {
  type EndReason,
  MAX_RECORDS,
  type RosterHeader,
  type StoredSession,
  type SubjectAttributes,
} from '../roster.ts'
import { epochUnder, prune, underGlobalEpoch } from './prune.ts'
import {
  assertOwner,
  type EndedSession,
  emptyRoster,
  isLive,
  liveSessions,
  type Moment,
  type RosterView,
  type Rule,
  type Step,
  withHeader,
} from './rule.ts'

export interface Admission {
  readonly realm: string
  /** `undefined` for an anonymous visitor. */
  readonly subject: string | undefined
  /** The epochs seen before credentials were checked. */
  readonly seen: SeenEpochs
  /** Until when those may be relied on. */
  readonly expiresAt: number
  /** For a roster that has to be created. */
  readonly incarnation: Incarnation
  /** The new session; epoch, version and commit are set on the way. */
  readonly session: StoredSession
  readonly limit: DeviceLimit
  /** The hash of the secret that an earlier try may have been admitted with, under the same number. */
  readonly promisedHash: string | undefined
  /** A session of the same roster whose place this one takes: it does not count towards the limit. */
  readonly replaces: SessionNumber | undefined
  readonly attributes: SubjectAttributes | undefined
}

export interface SeenEpochs {
  readonly epoch: number
  readonly globalEpoch: number
  /** Of the roster that had the epoch; absent for epoch 0, which an absent roster has too. */
  readonly incarnation?: string | undefined
}

export interface DeviceLimit {
  readonly count: number
  /** `evict-oldest`: the least recently seen session ends. `reject`: the sign-in is refused. */
  readonly policy: 'evict-oldest' | 'reject'
}

export type AdmitAnswer =
  | {
      readonly kind: 'admitted'
      readonly header: RosterHeader
      readonly session: StoredSession
      readonly evicted: readonly StoredSession[]
    }
  /** A user-wide revocation came after the sign-in began. */
  | { readonly kind: 'superseded' }
  /** The sign-in began too long ago to know whether one came. */
  | { readonly kind: 'expired' }
  | { readonly kind: 'limit'; readonly sessions: readonly StoredSession[] }
  /** The number is in use: draw again. */
  | { readonly kind: 'taken' }

export function admit(admission: Admission): Rule<AdmitAnswer> {
  return (before, moment) => {
    const { realm, subject, session } = admission
    if (subject !== undefined) assertOwner({ realm, subject }, before?.header)
    if (moment.now > admission.expiresAt) return { roster: before, answer: { kind: 'expired' } }
    if (isSuperseded(before, admission.seen, moment))
      return { roster: before, answer: { kind: 'superseded' } }
    const present = before?.sessions.get(session.number)
    if (before !== undefined && present !== undefined)
      return { roster: before, answer: presentAlready(before, present, admission, moment) }
    return addTo(
      before === undefined ? emptyRoster(admission, moment) : underGlobalEpoch(before, moment),
      admission,
      { moment, before },
    )
  }
}

/** A parallel sign-in that continues the same claim finds the session that was promised, with its secret. */
function presentAlready(
  roster: RosterView,
  present: StoredSession,
  { session, promisedHash }: Admission,
  moment: Moment,
): AdmitAnswer {
  const isOurs = present.secretHash === session.secretHash || present.secretHash === promisedHash
  return isOurs && isLive(roster.header, present, moment)
    ? { kind: 'admitted', header: roster.header, session: present, evicted: [] }
    : { kind: 'taken' }
}

function addTo(
  roster: RosterView,
  admission: Admission,
  { moment, before }: { readonly moment: Moment; readonly before: RosterView | undefined },
): Step<AdmitAnswer> {
  const pruned = prune(roster, moment)
  const live = liveSessions(pruned.roster, moment).filter(({ number }) => number !== admission.replaces)
  // Records that cannot be read count as live.
  const surplus = Math.max(0, live.length + pruned.roster.newer.size + 1 - admission.limit.count)
  if (surplus > 0 && admission.limit.policy === 'reject')
    return { roster: before, answer: { kind: 'limit', sessions: live } }
  const evicted = live.toSorted(leastRecentlySeenFirst).slice(0, surplus)
  if (evicted.length < surplus) throw newerFormat()
  const dropped = overCap(pruned.roster, live, surplus)
  const attributes = newerAttributes(roster.header, admission.attributes)
  // Never older than what the clock of another process said about the attributes, or it would be due at once.
  const secretAt = Math.max(admission.session.secretAt, attributes?.setAt ?? 0)
  const session: StoredSession = { ...admission.session, secretAt, epoch: roster.header.epoch }
  // A header that names nobody may have been written by a realm that it is not of.
  const { realm, subject } = admission
  const named = withHeader(pruned.roster, { realm, subject, attributes })
  const sessions = new Map(named.sessions)
  for (const { number } of [...evicted, ...dropped]) sessions.delete(number)
  sessions.set(session.number, session)
  return {
    roster: { ...named, sessions },
    answer: { kind: 'admitted', header: named.header, session, evicted },
    ended: [...pruned.ended, ...evicted.map(because('evicted')), ...dropped.map(because('claimed'))],
  }
}

function because(why: EndReason): (session: StoredSession) => EndedSession {
  return (session) => ({ number: session.number, session, why })
}

/**
 * What was taken over and waits to be deleted, as much of it as must go for one more record to fit once `leaving` others
 * have left. No live session ends for it; a late request with such a token is a stranger's somewhat earlier.
 */
function overCap(
  { sessions, newer }: RosterView,
  live: readonly StoredSession[],
  leaving: number,
): readonly StoredSession[] {
  const count = sessions.size + newer.size + 1 - leaving - MAX_RECORDS
  if (count <= 0) return []
  const alive = new Set(live)
  return [...sessions.values()]
    .filter((session) => !alive.has(session))
    .toSorted(claimedFirst)
    .slice(0, count)
}

/**
 * A revocation makes the header outlive every sign-in that it could concern, so an absent roster says that none
 * came. One that is there must be the one that was seen, at the epoch that was seen.
 */
function isSuperseded(roster: RosterView | undefined, seen: SeenEpochs, moment: Moment): boolean {
  if (seen.globalEpoch !== moment.globalEpoch) return true
  if (roster === undefined) return false
  const { header } = roster
  if (header.globalEpoch > seen.globalEpoch || epochUnder(header, moment.globalEpoch) !== seen.epoch)
    return true
  return seen.epoch > 0 && header.incarnation !== seen.incarnation
}

export function newerAttributes(
  header: RosterHeader,
  offered: SubjectAttributes | undefined,
): SubjectAttributes | undefined {
  if (offered === undefined) return header.attributes
  return header.attributes === undefined || offered.version > header.attributes.version
    ? offered
    : header.attributes
}

/** One that is only about to be claimed comes last. */
function claimedFirst(left: StoredSession, right: StoredSession): number {
  return (left.claim?.endsAt ?? Number.MAX_VALUE) - (right.claim?.endsAt ?? Number.MAX_VALUE)
}

function leastRecentlySeenFirst(left: StoredSession, right: StoredSession): number {
  return left.seenAt - right.seenAt || left.createdAt - right.createdAt
}
