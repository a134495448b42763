/**
 * The names things go by. All are base64url text of whole 3-byte groups, so each has one spelling
 * and can be sliced out of a token without decoding anything.
 */
import type { Environment } from './environment.ts'

declare const brand: unique symbol
type Branded<Name extends string> = string & { readonly [brand]: Name }

/** 12 bytes, 16 characters: which roster. Derived from realm and subject, random for an anonymous visitor. */
export type RosterKey = Branded<'RosterKey'>
/** 6 bytes, 8 characters: which session of the roster. */
export type SessionNumber = Branded<'SessionNumber'>
/** Roster key and number, 24 characters: the public handle of a session. It proves nothing. */
export type SessionId = Branded<'SessionId'>
/** 6 bytes, 8 characters: random at every creation of a roster, so that a rebuilt one is never mistaken for the old. */
export type Incarnation = Branded<'Incarnation'>
/** 6 bytes, 8 characters: names one commit, to be found again after an unknown outcome. */
export type CommitId = Branded<'CommitId'>

export const ROSTER_KEY_LENGTH = 16
const SESSION_ID_SHAPE = /^[A-Za-z0-9_-]{24}$/

/** Names no session: it is never drawn, and lets `store.read` be asked for a header alone. */
export const NO_SESSION = 'AAAAAAAA' as SessionNumber

/** Of no roster. */
export const NO_INCARNATION = 'AAAAAAAA' as Incarnation
/** What a header holds before its first commit. */
export const NO_COMMIT = 'AAAAAAAA' as CommitId

export function sessionId(roster: RosterKey, number: SessionNumber): SessionId {
  return (roster + number) as SessionId
}

/** Splits a public handle; `undefined` for text that no session can have. */
export function parseSessionId(text: string): { roster: RosterKey; number: SessionNumber } | undefined {
  if (!SESSION_ID_SHAPE.test(text)) return undefined
  return {
    roster: text.slice(0, ROSTER_KEY_LENGTH) as RosterKey,
    number: text.slice(ROSTER_KEY_LENGTH) as SessionNumber,
  }
}

export function randomRosterKey(environment: Environment): RosterKey {
  return environment.randomBytes(12).toString('base64url') as RosterKey
}

export function randomNumber(environment: Environment): SessionNumber {
  const number = environment.randomBytes(6).toString('base64url') as SessionNumber
  return number === NO_SESSION ? randomNumber(environment) : number
}

export function randomIncarnation(environment: Environment): Incarnation {
  return environment.randomBytes(6).toString('base64url') as Incarnation
}

export function randomCommitId(environment: Environment): CommitId {
  return environment.randomBytes(6).toString('base64url') as CommitId
}
