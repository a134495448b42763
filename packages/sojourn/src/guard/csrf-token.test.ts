import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type SessionId, sessionId } from '../core/ids.ts'
import { SECRETS } from '../core/manager.fixture.ts'
import { secretsRing } from '../core/token/secrets.ts'
import { isTokenShaped, newSecret, readToken, tokenScope, writeToken } from '../core/token/token.ts'
import { makeNumber, makeRosterKey } from '../testing/builders.ts'
import { fakeEnvironment } from '../testing/fake-environment.ts'
import { type CsrfBinding, csrfScope, isCsrfToken, newCsrfToken } from './csrf-token.ts'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const ID = sessionId(makeRosterKey(123_456), makeNumber(654_321))
const SESSION: CsrfBinding = { id: ID, privilege: 3 }
const ring = secretsRing([SECRETS[0]])
const scope = csrfScope(ring, 'shop', 'default')
const environment = fakeEnvironment()
const TOKEN = newCsrfToken(scope, environment, SESSION)

const base64url = (bytes: number): fc.Arbitrary<string> =>
  fc
    .uint8Array({ minLength: bytes, maxLength: bytes })
    .map((found) => Buffer.from(found).toString('base64url'))
const binding: fc.Arbitrary<CsrfBinding | undefined> = fc.option(
  fc.record({
    id: base64url(18).map((text) => text as SessionId),
    privilege: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 65_535 })),
  }),
  { nil: undefined },
)

describe('a token', () => {
  it('is good for the session that it was made for, as often as it is shown', () => {
    fc.assert(
      fc.property(binding, (session) => {
        const token = newCsrfToken(scope, environment, session)
        expect(isCsrfToken(scope, token, session)).toBe(true)
        expect(isCsrfToken(scope, token, session && { ...session })).toBe(true)
      }),
    )
  })

  it('is good for no other session and no other privilege', () => {
    fc.assert(
      fc.property(binding, binding, (one, other) => {
        const isSame = one?.id === other?.id && one?.privilege === other?.privilege
        expect(isCsrfToken(scope, newCsrfToken(scope, environment, one), other)).toBe(isSame)
      }),
    )
  })

  it.each<[string, CsrfBinding | undefined]>([
    ['another session of the subject', { ...SESSION, id: sessionId(makeRosterKey(123_456), makeNumber(1)) }],
    ['a session of another subject', { ...SESSION, id: sessionId(makeRosterKey(1), makeNumber(654_321)) }],
    ['the session after an elevation', { ...SESSION, privilege: 4 }],
    ['the session before it', { ...SESSION, privilege: 2 }],
    ['no session', undefined],
  ])('is not good for %s', (_, session) => {
    expect(isCsrfToken(scope, TOKEN, SESSION)).toBe(true)
    expect(isCsrfToken(scope, TOKEN, session)).toBe(false)
  })

  it('of no session ends where a session begins, whatever its id', () => {
    const visitor = newCsrfToken(scope, environment, undefined)
    expect(isCsrfToken(scope, visitor, undefined)).toBe(true)
    for (const id of [ID, 'A'.repeat(24) as SessionId, '_'.repeat(24) as SessionId])
      expect(isCsrfToken(scope, visitor, { id, privilege: 0 })).toBe(false)
  })

  it('is good neither in another deployment nor in another realm, nor under other secrets', () => {
    const others = [
      csrfScope(ring, 'shop-2', 'default'),
      csrfScope(ring, 'shop', 'staff'),
      csrfScope(ring, 'shopd', 'efault'),
      csrfScope(secretsRing([SECRETS[1]]), 'shop', 'default'),
    ]
    for (const session of [SESSION, undefined]) {
      for (const other of others) {
        expect(isCsrfToken(other, newCsrfToken(scope, environment, session), session)).toBe(false)
        expect(isCsrfToken(scope, newCsrfToken(other, environment, session), session)).toBe(false)
      }
    }
    expect(isCsrfToken(csrfScope(ring, 'shop', 'default'), TOKEN, SESSION)).toBe(true)
  })

  it('survives what does not change privilege: nothing but id and privilege is asked for', () => {
    const regenerated = { ...SESSION, generation: 8, secretHash: 'another' }
    expect(isCsrfToken(scope, TOKEN, regenerated)).toBe(true)
  })
})

describe('the text', () => {
  it('is the same for ever: forms outlive the software that wrote them', () => {
    expect(newCsrfToken(scope, fakeEnvironment(), SESSION)).toMatchInlineSnapshot(
      `"sjc_oACH-_dHnLht_nR9I2c_J30R9L8qxi-9ueOUl2v-0sWimWt9"`,
    )
    expect(newCsrfToken(scope, fakeEnvironment(), undefined)).toMatchInlineSnapshot(
      `"sjc_oACH-_dHnLht_nR9I2c_J30R9OA3BKwex2Up8lUkv638KdN9"`,
    )
  })

  it('is another one on every page, in all but prefix and key id (BREACH)', () => {
    const tokens = Array.from({ length: 200 }, () => newCsrfToken(scope, environment, SESSION))
    expect(new Set(tokens.map((token) => token.slice(4, 28))).size).toBe(200)
    expect(new Set(tokens.map((token) => token.slice(30))).size).toBe(200)
    expect(new Set(tokens.map((token) => token.slice(0, 4)))).toEqual(new Set(['sjc_']))
  })

  it('says nothing about the session', () => {
    expect(TOKEN).toHaveLength(52)
    for (const part of [ID.slice(0, 16), ID.slice(16)]) expect(TOKEN).not.toContain(part)
  })

  it('has one spelling: any other character at any place is no token', () => {
    const taken: string[] = []
    for (let at = 0; at < TOKEN.length; at++) {
      for (const character of ALPHABET) {
        const other = TOKEN.slice(0, at) + character + TOKEN.slice(at + 1)
        if (other !== TOKEN && isCsrfToken(scope, other, SESSION)) taken.push(other)
      }
    }
    expect(taken).toEqual([])
  })

  it('without randomness is not made', () => {
    const broken = fakeEnvironment()
    broken.randomnessFails = true
    expect(() => newCsrfToken(scope, broken, SESSION)).toThrow('made the generator fail')
  })
})

describe('anything else', () => {
  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a number', 7],
    ['true', true],
    ['an object', {}],
    ['a list that holds the token', [TOKEN]],
    ['an object that reads as the token', { length: 52, toString: () => TOKEN }],
    ['bytes', Buffer.from(TOKEN)],
    ['empty text', ''],
    ['the prefix', 'sjc_'],
    ['a character less', TOKEN.slice(0, -1)],
    ['a character more', `${TOKEN}A`],
    ['a line break behind', `${TOKEN}\n`],
    ['a line break at the end', `${TOKEN.slice(0, -1)}\n`],
    ['a blank before', ` ${TOKEN}`],
    ['padding', `${TOKEN.slice(0, -1)}=`],
    ['the other alphabet', `${TOKEN.slice(0, -1)}+`],
    ['another prefix', TOKEN.replace('sjc_', 'sjs_')],
    ['a prefix in capitals', TOKEN.replace('sjc_', 'SJC_')],
    ['two of them', TOKEN + TOKEN],
    ['a wide character', `${TOKEN.slice(0, -1)}é`],
  ])('is no token: %s', (_, text) => {
    expect(isCsrfToken(scope, text, SESSION)).toBe(false)
  })

  it('is no token, and nothing throws', () => {
    const shaped = base64url(36).map((text) => `sjc_${text}`)
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.string(), shaped), binding, (text, session) => {
        expect(isCsrfToken(scope, text, session)).toBe(false)
      }),
      { numRuns: 2000 },
    )
  })

  it('such as a session token is no form token, and the other way round', () => {
    const tokens = tokenScope(ring, 'shop', 'default', 'bearer')
    const token = writeToken(tokens, ID, 1, newSecret(environment))
    expect(readToken(tokens, token)).toBeDefined()
    expect(isCsrfToken(scope, token, SESSION)).toBe(false)
    expect(isCsrfToken(scope, `sjc_${token.slice(44)}`, SESSION)).toBe(false)
    expect(isTokenShaped(TOKEN)).toBe(false)
    expect(readToken(tokens, `sjs_${TOKEN.slice(4).repeat(2).slice(0, 88)}`)).toBeUndefined()
  })
})

describe('a ring of several secrets', () => {
  const rotated = csrfScope(secretsRing([SECRETS[1], SECRETS[0]]), 'shop', 'default')

  it('accepts tokens of each, signs with the first, and ends with a secret that is taken out', () => {
    expect(isCsrfToken(rotated, TOKEN, SESSION)).toBe(true)
    const anew = newCsrfToken(rotated, environment, SESSION)
    expect(isCsrfToken(scope, anew, SESSION)).toBe(false)
    const later = csrfScope(secretsRing([SECRETS[1]]), 'shop', 'default')
    expect(isCsrfToken(later, anew, SESSION)).toBe(true)
    expect(isCsrfToken(later, TOKEN, SESSION)).toBe(false)
  })

  it('tries every key where two have the same id', () => {
    const first = fakeEnvironment().randomBytes(48)
    const second = twinOf(first)
    const both = csrfScope(secretsRing([first, second]), 'shop', 'default')
    for (const secret of [first, second]) {
      const alone = csrfScope(secretsRing([secret]), 'shop', 'default')
      expect(isCsrfToken(both, newCsrfToken(alone, environment, SESSION), SESSION)).toBe(true)
    }
  })
})

/** A secret whose key has the same id: one in 256 does. */
function twinOf(first: Buffer): Buffer {
  const { id } = secretsRing([first]).signing
  const chance = fakeEnvironment({ seed: 2 })
  for (;;) {
    const second = chance.randomBytes(48)
    if (secretsRing([second]).signing.id === id) return second
  }
}
