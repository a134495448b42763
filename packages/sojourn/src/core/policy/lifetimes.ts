/**
 * How long sessions live. The deadlines stand in the record, and the policy of today can only shorten them:
 * a policy that is lowered binds the sessions that exist.
 *
 * The idle deadline is at most `touchInterval` early and never late: a session used at time t stays good at
 * least until t + idle − touchInterval, and never past t + idle (documented in `docs/sessions.md`).
 */
import type { LifetimeName, StoredSession } from '../roster.ts'

export interface Lifetime {
  /** Milliseconds since last seen. */
  readonly idle: number
  /** Milliseconds since authentication; since creation while anonymous. */
  readonly absolute: number
}

export type Lifetimes = Readonly<Record<LifetimeName, Lifetime>>

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

export type ProfileName = 'aal1' | 'aal2' | 'aal3'

/** Timeouts by assurance level. @see NIST SP 800-63B-4 §2.1.3, §2.2.3, §2.3.3 */
export const PROFILES: Readonly<Record<ProfileName, Lifetime>> = {
  aal1: { idle: 14 * DAY, absolute: 30 * DAY },
  aal2: { idle: HOUR, absolute: 24 * HOUR },
  aal3: { idle: 15 * MINUTE, absolute: 12 * HOUR },
}

export function idleDeadline(session: StoredSession, lifetimes: Lifetimes): number {
  return Math.min(session.idleDeadline, session.seenAt + lifetimes[session.lifetime].idle)
}

export function absoluteDeadline(session: StoredSession, lifetimes: Lifetimes): number {
  const from = session.authenticatedAt === 0 ? session.createdAt : session.authenticatedAt
  return Math.min(session.absoluteDeadline, from + lifetimes[session.lifetime].absolute)
}

export function isExpired(session: StoredSession, now: number, lifetimes: Lifetimes): boolean {
  return now >= idleDeadline(session, lifetimes) || now >= absoluteDeadline(session, lifetimes)
}

/** Between two touches of one session at least this long passes: min(60 s, idle / 30). */
export function touchInterval(lifetime: Lifetime): number {
  return Math.min(MINUTE, lifetime.idle / 30)
}

export function isTouchDue(session: StoredSession, now: number, lifetimes: Lifetimes): boolean {
  return now - session.seenAt >= touchInterval(lifetimes[session.lifetime])
}

/** The fields that being seen at `now` changes. The absolute deadline is not among them. */
export function seen(session: StoredSession, now: number, lifetimes: Lifetimes): StoredSession {
  const at = Math.max(now, session.seenAt)
  return { ...session, seenAt: at, idleDeadline: at + lifetimes[session.lifetime].idle }
}

/** The deadlines that a new authentication, or the creation of an anonymous session, starts. */
export function freshDeadlines(
  name: LifetimeName,
  now: number,
  lifetimes: Lifetimes,
): Pick<StoredSession, 'lifetime' | 'seenAt' | 'idleDeadline' | 'absoluteDeadline'> {
  const { idle, absolute } = lifetimes[name]
  return { lifetime: name, seenAt: now, idleDeadline: now + idle, absoluteDeadline: now + absolute }
}

/** When a store may forget the session: its nearer deadline. */
export function keepSessionUntil(session: StoredSession): number {
  return Math.min(session.idleDeadline, session.absoluteDeadline)
}
