/**
 * The roster: one subject's sessions as one aggregate. Everything that must be atomic touches one roster,
 * so every store needs a single compare-and-set on a single key and nothing else.
 *
 * All values are immutable: a change makes new ones. Instants are epoch milliseconds.
 */
import type { CommitId, Incarnation, RosterKey, SessionNumber } from './ids.ts'

export interface RosterHeader {
  /** `restoring`: being rebuilt from a durable copy; nothing may be concluded from it yet. */
  readonly state: 'live' | 'restoring'
  readonly incarnation: Incarnation
  /** Grows with every creation and restore; orders copies of the roster in different tiers. */
  readonly term: number
  /** Grows with every change of membership or header. */
  readonly version: number
  /** Grows with every user-wide revocation. A record counts only under the epoch it was admitted in. */
  readonly epoch: number
  /** The deployment's epoch at the last change of this header; an older one ends the whole roster. */
  readonly globalEpoch: number
  readonly realm: string
  /** `undefined`: an anonymous visitor, or a subject that was erased. */
  readonly subject: string | undefined
  readonly attributes: SubjectAttributes | undefined
  readonly lastCommit: CommitId
}

/** What all sessions of a subject share (roles, plan, tenant). */
export interface SubjectAttributes {
  /** Chosen by the application, a whole number of at least 1; an older one never replaces a newer one. */
  readonly version: number
  /** When this roster took it. Sessions whose secret is older are due for a new one. */
  readonly setAt: number
  /** JSON text of an object. */
  readonly json: string
}

export interface StoredSession {
  readonly number: SessionNumber
  readonly version: number
  readonly epoch: number
  /** Raised by elevation and by a new secret for a reason of privilege: a write decided before does not land after. */
  readonly privilege: number
  /** Counts the secrets this session has had. */
  readonly generation: number
  /** SHA-256 of the token's secret part, base64url. */
  readonly secretHash: string
  readonly secretAt: number
  readonly createdAt: number
  /** 0 while nobody has authenticated. */
  readonly authenticatedAt: number
  readonly seenAt: number
  readonly idleDeadline: number
  readonly absoluteDeadline: number
  readonly lifetime: LifetimeName
  readonly aal: Aal
  readonly acr: string
  readonly amr: readonly string[]
  readonly device: StoredDevice
  readonly grace: Grace | undefined
  readonly claim: ClaimTarget | undefined
  readonly lastCommit: CommitId
  /** Application data, encoded (`data/encoding.ts`); decoded only when somebody asks. */
  readonly data: Uint8Array
}

/** Which of the configured lifetimes the session lives under. */
export type LifetimeName = 'anonymous' | 'session' | 'remember'

/** Authenticator assurance level (NIST SP 800-63B); 0 is anonymous. */
export type Aal = 0 | 1 | 2 | 3

export interface StoredDevice {
  /** For people: "Firefox on Linux". */
  readonly label: string
  readonly address: string
  /** First 9 bytes of SHA-256 of the User-Agent, base64url; empty when there was none. */
  readonly userAgentHash: string
}

/** The previous secret stays good until the successor is first used, at most until `endsAt`. */
export interface Grace {
  readonly previousHash: string
  /** The successor's secret, which only a holder of the previous secret can open (`seal.ts`). */
  readonly sealed: Uint8Array
  readonly endsAt: number
}

/** The session was taken over by a sign-in: it is dead and names where it went. */
export interface ClaimTarget {
  readonly roster: RosterKey
  readonly number: SessionNumber
  /** Until when a request with the old token counts as one that was in flight. */
  readonly endsAt: number
  /** The secret of the session it goes to, which only a holder of the claimed session's secret can open. */
  readonly sealed: Uint8Array
}

export interface Roster {
  readonly header: RosterHeader
  readonly records: readonly StoredSession[]
  /** Records that are there and cannot be read. They count as absent. */
  readonly unreadable: readonly UnreadableRecord[]
}

export interface UnreadableRecord {
  readonly number: SessionNumber
  readonly why: Unreadable
}

/** `damaged`: not what was written. `newer`: written by a later version of this software. */
export type Unreadable = 'damaged' | 'newer'

/** Why a session ended. */
export type EndReason =
  | 'signed-out'
  | 'revoked'
  | 'revoked-others'
  | 'revoked-all'
  | 'credential-changed'
  | 'erased'
  | 'evicted'
  | 'claimed'
  | 'expired'
  | 'damaged'

/** A roster never holds more records than this; sub-subjects serve accounts that need more. */
export const MAX_RECORDS = 256
