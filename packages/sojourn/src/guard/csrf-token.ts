/**
 * Tokens that a page's form brings back: the second layer against cross-site requests. 52 characters, every field
 * on a 3-byte border, so that each token has exactly one spelling.
 *
 *     sjc_ | mask 24 | key id and MAC 24
 *
 * The MAC covers purpose, deployment, realm, session id, privilege generation and mask. So a token is good for one
 * session until its privilege changes (sign-in makes another session, elevation another generation), survives a
 * periodic regeneration, and nothing is stored. The mask is random and makes two tokens of one session differ in
 * full, so that compressed pages give nothing away (BREACH).
 *
 * It is no secret of the session: it opens nothing without the session's own token beside it.
 */
import { Buffer } from 'node:buffer'
import type { Environment } from '../core/environment.ts'
import type { SessionId } from '../core/ids.ts'
import { type Mac, macLabel, preparedMac } from '../core/token/mac.ts'
import { keysById, type RingKey, type SecretsRing } from '../core/token/secrets.ts'
import { equalText } from '../core/token/token.ts'

/** What a token is bound to. */
export interface CsrfBinding {
  readonly id: SessionId
  /** The record's privilege generation. */
  readonly privilege: number
}

/** Binds tokens to one deployment and realm; made once per manager. */
export interface CsrfScope {
  readonly ring: SecretsRing
  readonly macs: ReadonlyMap<RingKey, Mac>
}

const PREFIX = 'sjc_'
const LENGTH = 52
const SHAPE = /^sjc_[A-Za-z0-9_-]{48}$/
const MASK_BYTES = 18
const MASK_AT = 4
const MAC_AT = 28
const MAC_BYTES = 17
/** Session id and generation. */
const BINDING_LENGTH = 28
/** A dot is in no id, so this is the place of no session. */
const NO_BINDING = '.'.repeat(BINDING_LENGTH)

/** @param deployment its name: known before the store is, so that a visitor's first page can have a token */
export function csrfScope(ring: SecretsRing, deployment: string, realm: string): CsrfScope {
  const label = macLabel(['sojourn form token', deployment, realm])
  const textLength = BINDING_LENGTH + MAC_AT - MASK_AT
  return { ring, macs: new Map(ring.keys.map((key) => [key, preparedMac(key.form, label, textLength)])) }
}

/**
 * A new token, another one at every call. **Cost**: 18 random bytes, one HMAC.
 *
 * @param session `undefined` for a visitor without one: such a token is good for every such visitor, so it holds
 *   nobody off who can fetch one
 */
export function newCsrfToken(
  scope: CsrfScope,
  environment: Environment,
  session: CsrfBinding | undefined,
): string {
  const mask = environment.randomBytes(MASK_BYTES).toString('base64url')
  return PREFIX + mask + macText(scope, bindingText(session) + mask, scope.ring.signing)
}

/** Whether the text is a token of this session, of any key of the ring. Never throws; compares in constant time. */
export function isCsrfToken(scope: CsrfScope, text: unknown, session: CsrfBinding | undefined): boolean {
  if (typeof text !== 'string' || text.length !== LENGTH || !SHAPE.test(text)) return false
  const covered = bindingText(session) + text.slice(MASK_AT, MAC_AT)
  const mac = text.slice(MAC_AT)
  const keyId = Buffer.from(mac, 'base64url')[0] as number
  return keysById(scope.ring, keyId).some((key) => equalText(mac, macText(scope, covered, key)))
}

function bindingText(session: CsrfBinding | undefined): string {
  if (session === undefined) return NO_BINDING
  const generation = Buffer.alloc(3)
  generation.writeUIntBE(session.privilege, 0, 3)
  return session.id + generation.toString('base64url')
}

function macText({ macs }: CsrfScope, covered: string, key: RingKey): string {
  const mac = macs.get(key)
  if (mac === undefined) throw new TypeError('A scope has a MAC for every key of its ring.')
  const field = Buffer.alloc(1 + MAC_BYTES)
  field[0] = key.id
  field.write(mac(covered), 1, MAC_BYTES, 'latin1')
  return field.toString('base64url')
}
