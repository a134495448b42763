/** What is counted by: every word of a kind. The types make sure that a new one is not forgotten. */
import type { SystemCode } from '../errors.ts'
import type { SessionEvents } from '../events.ts'
import type { EndReason, LifetimeName } from '../roster.ts'
import type { NoneReason, UnavailableReason } from '../verdict/judge.ts'
import type { SignInResult } from '../beginning/sign-in.ts'

type Each<Word extends string> = Readonly<Record<Word, true>>

const NONE: Each<NoneReason | SessionEvents['token.rejected']['reason']> = {
  absent: true,
  malformed: true,
  duplicate: true,
  forged: true,
  unknown: true,
  revoked: true,
  'idle-timeout': true,
  'absolute-timeout': true,
  superseded: true,
  claimed: true,
  damaged: true,
}

const UNAVAILABLE: Each<UnavailableReason> = {
  restoring: true,
  'store-behind': true,
  'deployment-behind': true,
  'newer-format': true,
  'revocation-in-doubt': true,
}

const SYSTEM: Each<SystemCode> = {
  STORE_UNAVAILABLE: true,
  STORE_FULL: true,
  STORE_CORRUPT: true,
  STORE_READ_ONLY: true,
  STORE_FOREIGN: true,
  STORE_NEWER: true,
  STORE_DENIED: true,
  STORE_UNSUPPORTED: true,
  STORE_UNCONFIRMED: true,
  DEADLINE_EXCEEDED: true,
  OVERLOADED: true,
  CONTENTION: true,
  REVOKE_UNCERTAIN: true,
  DEPLOYMENT_MISMATCH: true,
  RANDOMNESS_FAILED: true,
  CLOSED: true,
}

const ENDED: Each<EndReason> = {
  'signed-out': true,
  revoked: true,
  'revoked-others': true,
  'revoked-all': true,
  'credential-changed': true,
  erased: true,
  evicted: true,
  claimed: true,
  expired: true,
  damaged: true,
}

const CREATED: Each<LifetimeName> = { anonymous: true, session: true, remember: true }

const REFUSED: Each<Extract<SignInResult<unknown, unknown>, { kind: 'refused' }>['reason']> = {
  superseded: true,
  'attempt-expired': true,
  'device-limit': true,
  'remember-disabled': true,
}

export const NONE_REASONS: readonly string[] = Object.keys(NONE)
export const UNAVAILABLE_REASONS: readonly string[] = [...Object.keys(UNAVAILABLE), ...Object.keys(SYSTEM)]
export const END_REASONS: readonly string[] = Object.keys(ENDED)
export const LIFETIMES: readonly string[] = Object.keys(CREATED)
export const REFUSAL_REASONS: readonly string[] = Object.keys(REFUSED)
/** What a store's own call may fail with. */
export const STORE_CODES: readonly string[] = Object.keys(SYSTEM).filter((code) =>
  /^STORE_|CLOSED/.test(code),
)
