/**
 * Admission: the only way a session comes into a roster. Checks the epoch that the sign-in belongs to, tidies,
 * enforces the device limit, and adds the record, all in one step. At most `limit` live sessions exist at any
 * instant, because membership changes are compared against the roster's version.
 */
import type { Incarnation, SessionNumber } from '../ids.ts'
import { MAX_RECORDS, type RosterHeader, type StoredSession, type SubjectAttributes } from '../roster.ts'
import { prune, underGlobalEpoch } from './prune.ts'
import {
  liveSessions,
  type Moment,
  type RosterView,
  type Rule,
  type Step,
  withHeader,
  without,
} from './rule.ts'

export interface Admission {
  readonly realm: string
  /** `undefined` for an anonymous visitor. */
  readonly subject: string | undefined
  /** The epochs seen before credentials were checked. */
  readonly seen: SeenEpochs
  /** For a roster that has to be created. */
  readonly incarnation: Incarnation
  /** The new session; epoch, version and commit are set on the way. */
  readonly session: StoredSession
  readonly limit: DeviceLimit
  /** A session of the same roster that this one takes the place of. */
  readonly replaces: SessionNumber | undefined
  readonly attributes: SubjectAttributes | undefined
}

export interface SeenEpochs {
  readonly epoch: number
  readonly globalEpoch: number
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
  | { readonly kind: 'limit'; readonly sessions: readonly StoredSession[] }
  /** The number is in use, or the roster belongs to somebody else: draw again. */
  | { readonly kind: 'taken' }

export function admit(admission: Admission): Rule<AdmitAnswer> {
  return (before, moment) => {
    if (before?.header.subject !== undefined && !belongs(before.header, admission))
      return { roster: before, answer: { kind: 'taken' } }
    const present = before?.sessions.get(admission.session.number)
    if (before !== undefined && present !== undefined) return presentAlready(before, present, admission)
    if (isSuperseded(before, admission.seen, moment))
      return { roster: before, answer: { kind: 'superseded' } }
    return addTo(
      before === undefined ? newRoster(admission, moment) : underGlobalEpoch(before, moment),
      admission,
      moment,
      before,
    )
  }
}

/** A repeated application after an unknown outcome finds its own work. */
function presentAlready(roster: RosterView, present: StoredSession, admission: Admission): Step<AdmitAnswer> {
  const own = present.secretHash === admission.session.secretHash
  return {
    roster,
    answer: own
      ? { kind: 'admitted', header: roster.header, session: present, evicted: [] }
      : { kind: 'taken' },
  }
}

function addTo(
  roster: RosterView,
  admission: Admission,
  moment: Moment,
  before: RosterView | undefined,
): Step<AdmitAnswer> {
  const pruned = prune(roster, moment)
  const replaced = without(
    pruned.roster,
    admission.replaces === undefined ? [] : [admission.replaces],
    'replaced',
  )
  const live = liveSessions(replaced.roster, moment)
  const { sessions, newer } = replaced.roster
  const surplus = Math.max(
    live.length + newer - Math.min(admission.limit.count, MAX_RECORDS) + 1,
    sessions.size + newer - MAX_RECORDS + 1,
    0,
  )
  if (surplus > 0 && admission.limit.policy === 'reject')
    return { roster: before, answer: { kind: 'limit', sessions: live } }
  const evicted = [...live].toSorted(leastRecentlySeenFirst).slice(0, surplus)
  const evicting = without(
    replaced.roster,
    evicted.map((session) => session.number),
    'evicted',
  )
  const session: StoredSession = { ...admission.session, epoch: roster.header.epoch }
  const named = withHeader(evicting.roster, {
    subject: admission.subject,
    attributes: newerAttributes(roster.header, admission.attributes),
  })
  return {
    roster: { ...named, sessions: new Map(named.sessions).set(session.number, session) },
    answer: { kind: 'admitted', header: named.header, session, evicted },
    ended: [...pruned.ended, ...replaced.ended, ...evicting.ended],
  }
}

function newRoster(admission: Admission, moment: Moment): RosterView {
  return {
    header: {
      state: 'live',
      incarnation: admission.incarnation,
      term: moment.now,
      version: 0,
      epoch: 0,
      globalEpoch: moment.globalEpoch,
      realm: admission.realm,
      subject: admission.subject,
      attributes: undefined,
      lastCommit: admission.session.lastCommit,
    },
    sessions: new Map(),
    damaged: [],
    newer: 0,
  }
}

/** An absent roster is at epoch 0: a revocation of all creates one, and keeps it as long as a sign-in may last. */
function isSuperseded(roster: RosterView | undefined, seen: SeenEpochs, moment: Moment): boolean {
  return (roster?.header.epoch ?? 0) !== seen.epoch || seen.globalEpoch !== moment.globalEpoch
}

function belongs(header: RosterHeader, admission: Admission): boolean {
  return header.subject === admission.subject && header.realm === admission.realm
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

function leastRecentlySeenFirst(left: StoredSession, right: StoredSession): number {
  return left.seenAt - right.seenAt || left.createdAt - right.createdAt
}
