/**
 * The session token: what a client holds. 92 characters, every field on a 3-byte border, so that the text is
 * sliced and nothing is decoded, and each token has exactly one spelling.
 *
 *     sjs_ | roster key 16 | number 8 | generation 4 | secret 44 | key id and MAC 16
 *
 * The MAC covers purpose, deployment, realm, transport name and all the text before it. It is checked before
 * any store call, so a forged or foreign token costs no store command; the secret is compared, in full and
 * hashed, after the record was read.
 */
import { hash } from 'node:crypto'
import type { Environment } from '../environment.ts'
import { type RosterKey, type SessionId, type SessionNumber, sessionId } from '../ids.ts'
import { type Mac, macLabel, preparedMac } from './mac.ts'
import { keysById, type RingKey, type SecretsRing } from './secrets.ts'

export const TOKEN_LENGTH = 92
export const MAX_GENERATION: number = 2 ** 24 - 1
const SHAPE = /^sjs_[A-Za-z0-9_-]{88}$/
const NUMBER_AT = 20
const GENERATION_AT = 28
const SECRET_AT = 32
const MAC_AT = 76
const MAC_BYTES = 11

/** What a genuine token says. It is a claim to be checked against the record, not yet a session. */
export interface TokenClaims {
  readonly roster: RosterKey
  readonly number: SessionNumber
  readonly generation: number
  readonly secretHash: string
  /** Signed with a key that is no longer the first: to be signed anew in the response. */
  readonly retiring: boolean
}

/** Binds tokens to one deployment, realm and transport; made once per manager and transport. */
export interface TokenScope {
  readonly ring: SecretsRing
  /** Covers purpose, deployment, realm and transport besides the text. */
  readonly macs: ReadonlyMap<RingKey, Mac>
}

/** @param transport a cookie's name, or `bearer` */
export function tokenScope(
  ring: SecretsRing,
  deploymentId: string,
  realm: string,
  transport: string,
): TokenScope {
  const label = macLabel(['sojourn session token', deploymentId, realm, transport])
  return { ring, macs: new Map(ring.keys.map((key) => [key, preparedMac(key.mac, label, MAC_AT)])) }
}

/** 33 random bytes, 44 characters. */
export function newSecret(environment: Environment): string {
  return environment.randomBytes(33).toString('base64url')
}

/** What a record keeps of a secret. */
export function hashSecret(secret: string): string {
  return hash('sha256', secret, 'base64url')
}

export function writeToken(
  scope: TokenScope,
  session: SessionId,
  generation: number,
  secret: string,
): string {
  const text = `sjs_${session}${generationText(generation)}${secret}`
  return text + macText(scope, text, scope.ring.signing)
}

/** Whether the text could be a token at all. **Cost**: one length check and one regular expression. */
export function isTokenShaped(text: string): boolean {
  return text.length === TOKEN_LENGTH && SHAPE.test(text)
}

/** The claims of a genuine token; `undefined` for one that this scope never signed. **Cost**: one HMAC, one hash. */
export function readToken(scope: TokenScope, token: string): TokenClaims | undefined {
  const text = token.slice(0, MAC_AT)
  const mac = token.slice(MAC_AT)
  for (const key of keysById(scope.ring, firstByte(mac))) {
    if (!equalText(mac, macText(scope, text, key))) continue
    return {
      roster: copied(token, 4, NUMBER_AT) as RosterKey,
      number: copied(token, NUMBER_AT, GENERATION_AT) as SessionNumber,
      generation: Buffer.from(token.slice(GENERATION_AT, SECRET_AT), 'base64url').readUIntBE(0, 3),
      secretHash: hashSecret(secretOf(token)),
      retiring: key !== scope.ring.signing,
    }
  }
  return undefined
}

/** The secret part of a token that `isTokenShaped`. */
export function secretOf(token: string): string {
  return token.slice(SECRET_AT, MAC_AT)
}

/** The same token under the signing key and another scope; the store is not involved. */
export function resignToken(scope: TokenScope, token: string): string {
  const text = token.slice(0, MAC_AT)
  return text + macText(scope, text, scope.ring.signing)
}

export function claimedSessionId(claims: TokenClaims): SessionId {
  return sessionId(claims.roster, claims.number)
}

/** Compares in a time that depends on the lengths alone. */
export function equalText(left: string, right: string): boolean {
  if (left.length !== right.length) return false
  let difference = 0
  for (let index = 0; index < left.length; index++)
    difference |= left.charCodeAt(index) ^ right.charCodeAt(index)
  return difference === 0
}

const SIXTY_FOUR = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** Of base64url text, without a buffer for it: a forged token costs nothing that need not be. */
function firstByte(text: string): number {
  return ((SIXTY_FOUR.indexOf(text.charAt(0)) << 2) | (SIXTY_FOUR.indexOf(text.charAt(1)) >> 4)) & 0xff
}

/** A slice of a string keeps the whole string alive, which may be a request's entire cookie header. */
function copied(token: string, from: number, to: number): string {
  return Buffer.from(token.slice(from, to), 'latin1').toString('latin1')
}

/** Written over by every use; what leaves is text. */
const field = Buffer.alloc(1 + MAC_BYTES)

function macText({ macs }: TokenScope, text: string, key: RingKey): string {
  const mac = macs.get(key)
  if (mac === undefined) throw new TypeError('A scope has a MAC for every key of its ring.')
  field[0] = key.id
  field.write(mac(text), 1, MAC_BYTES, 'latin1')
  return field.toString('base64url')
}

function generationText(generation: number): string {
  const bytes = Buffer.allocUnsafe(3)
  bytes.writeUIntBE(generation, 0, 3)
  return bytes.toString('base64url')
}
