/**
 * Rules that change one session and leave membership alone: they ask for one record and compare its version,
 * so changes of different sessions of a subject never get in each other's way.
 */
import type { Incarnation, SessionNumber } from '../ids.ts'
import { freshDeadlines, seen, touchInterval } from '../policy/lifetimes.ts'
import type { Aal, Grace, StoredSession } from '../roster.ts'
import { liveSession, type Moment, type RosterView, type Rule, type Step, withSession } from './rule.ts'

/** What a caller was shown before it decided to change something. */
export interface Basis {
  readonly number: SessionNumber
  readonly incarnation: Incarnation
  readonly generation: number
  readonly privilege: number
}

export type ChangeAnswer =
  | { readonly kind: 'changed'; readonly session: StoredSession; readonly roster: RosterView }
  /** The session is over. */
  | { readonly kind: 'ended' }
  /** The session was elevated or replaced since; the change was decided about something else. */
  | { readonly kind: 'superseded' }

/**
 * Extends the idle deadline from `seenAt`. Whatever another request wrote stays. The session lived when it was
 * seen, and it is judged by that instant, not by when the touch gets its turn.
 */
export function touch(basis: Basis, seenAt: number): Rule<ChangeAnswer> {
  const extend = changing(basis, (session, moment) => {
    // Whoever wrote this record meanwhile may have seen the session too.
    if (seenAt - session.seenAt < touchInterval(moment.lifetimes[session.lifetime])) return session
    const touched = seen(session, moment.now, moment.lifetimes)
    return { ...session, seenAt: touched.seenAt, idleDeadline: touched.idleDeadline }
  })
  return (roster, moment) => extend(roster, { ...moment, now: Math.min(seenAt, moment.now) })
}

/** Replaces the application data by what `edit` makes of the live data. */
export function patch(basis: Basis, edit: (data: Uint8Array) => Uint8Array): Rule<ChangeAnswer> {
  return (roster, moment) => {
    const session = current(roster, basis, moment)
    if (session !== undefined && session.privilege !== basis.privilege)
      return { roster, answer: { kind: 'superseded' } }
    return changing(basis, (found) => ({ ...found, data: edit(found.data) }))(roster, moment)
  }
}

interface NewSecret {
  readonly secretHash: string
  /** Keeps the replaced secret good for a while; `undefined`: it is dead at once. */
  readonly grace: Grace | undefined
}

export type RegenerateAnswer = ChangeAnswer | { readonly kind: 'lost'; readonly session: StoredSession }

export interface Regeneration extends NewSecret {
  /** Whether what was decided about the session before is to land no more. Default false. */
  readonly newPrivilege?: boolean
}

/**
 * A new secret. Of K parallel graceful regenerations of one secret the first wins; the
 * others find their own secret as the one before (`lost`) and are handed the winner's. One without grace wants the
 * old secret dead, so it goes on top of whatever won.
 */
export function regenerate(basis: Basis, secret: Regeneration): Rule<RegenerateAnswer> {
  return (roster, moment) => {
    const session = current(roster, basis, moment)
    const cameBefore =
      session?.generation === basis.generation + 1 &&
      session.grace !== undefined &&
      moment.now < session.grace.endsAt &&
      session.secretHash !== secret.secretHash
    if (cameBefore && secret.grace !== undefined) return { roster, answer: { kind: 'lost', session } }
    const at = cameBefore ? { ...basis, generation: session.generation } : basis
    const raised = secret.newPrivilege === true ? 1 : 0
    return replacing(at, secret, (found) => ({ ...found, privilege: found.privilege + raised }))(
      roster,
      moment,
    )
  }
}

export interface Elevation extends NewSecret {
  /** A session never falls below the level that it has. */
  readonly aal: Aal
  /** `undefined`: as before. */
  readonly acr: string | undefined
  readonly amr: readonly string[] | undefined
}

/** A new authentication on a session that exists: new secret, old one dead at once, both clocks start again. */
export function elevate(basis: Basis, elevation: Elevation): Rule<ChangeAnswer> {
  return replacing(basis, elevation, (session, moment) => ({
    ...session,
    ...freshDeadlines(session.lifetime, moment.now, moment.lifetimes),
    privilege: session.privilege + 1,
    authenticatedAt: moment.now,
    aal: Math.max(session.aal, elevation.aal) as Aal,
    acr: elevation.acr ?? session.acr,
    amr: elevation.amr ?? session.amr,
  }))
}

/** The successor was used: the previous secret is no longer good. */
export function endGrace(basis: Basis): Rule<ChangeAnswer> {
  return changing(basis, (session) =>
    session.grace === undefined || session.generation !== basis.generation
      ? session
      : { ...session, grace: undefined },
  )
}

type Edit = (session: StoredSession, moment: Moment) => StoredSession

/** Applies `edit` when the session lives, whatever secret it has now. */
function changing(basis: Basis, edit: Edit): Rule<ChangeAnswer> {
  return (roster, moment) => {
    const session = current(roster, basis, moment)
    if (roster === undefined || session === undefined) return { roster, answer: { kind: 'ended' } }
    return changed(roster, session, edit(session, moment))
  }
}

/** Puts a new secret, with `edit`, only while the secret that the caller was shown is the present one. */
function replacing(basis: Basis, secret: NewSecret, edit: Edit): Rule<ChangeAnswer> {
  return (roster, moment) => {
    const session = current(roster, basis, moment)
    if (roster === undefined || session === undefined) return { roster, answer: { kind: 'ended' } }
    // Applied again after an unknown outcome, the rule finds its work done.
    if (session.secretHash === secret.secretHash) return changed(roster, session, session)
    if (session.generation !== basis.generation) return { roster, answer: { kind: 'superseded' } }
    const { secretHash, grace } = secret
    const edited = edit(session, moment)
    return changed(roster, session, {
      ...edited,
      generation: session.generation + 1,
      secretHash,
      secretAt: Math.max(moment.now, roster.header.attributes?.setAt ?? 0),
      grace,
    })
  }
}

function current(roster: RosterView | undefined, basis: Basis, moment: Moment): StoredSession | undefined {
  return roster?.header.incarnation === basis.incarnation
    ? liveSession(roster, basis.number, moment)
    : undefined
}

function changed(roster: RosterView, before: StoredSession, session: StoredSession): Step<ChangeAnswer> {
  const next = session === before ? roster : withSession(roster, session)
  return { roster: next, answer: { kind: 'changed', session, roster: next } }
}
