import { describe, expect, it } from 'vitest'
import { fakeEnvironment } from '../../testing/fake-environment.ts'
import { makeNumber, makeRosterKey } from '../../testing/builders.ts'
import { sessionId } from '../ids.ts'
import { SECRETS } from '../manager.fixture.ts'
import { secretsRing } from './secrets.ts'
import {
  claimedSessionId,
  equalText,
  hashSecret,
  isTokenShaped,
  MAX_GENERATION,
  newSecret,
  readToken,
  resignToken,
  secretOf,
  TOKEN_LENGTH,
  tokenScope,
  writeToken,
} from './token.ts'

const ID = sessionId(makeRosterKey(123_456), makeNumber(654_321))
const ring = secretsRing([SECRETS[0]])
const scope = tokenScope(ring, 'deployment', 'default', 'bearer')
const SECRET = newSecret(fakeEnvironment())
const TOKEN = writeToken(scope, ID, 7, SECRET)
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

describe('the text', () => {
  it('has 92 characters, its fields at the borders of 3 bytes', () => {
    expect(TOKEN).toHaveLength(92)
    expect(TOKEN_LENGTH).toBe(92)
    expect(SECRET).toHaveLength(44)
    expect([TOKEN.slice(0, 4), TOKEN.slice(4, 28), TOKEN.slice(28, 32), TOKEN.slice(32, 76)]).toEqual([
      'sjs_',
      ID,
      'AAAH',
      SECRET,
    ])
    expect(isTokenShaped(TOKEN)).toBe(true)
  })

  it('is the same for ever: a token outlives the software that wrote it', () => {
    const fixed = writeToken(scope, ID, 1, 'A'.repeat(44))
    expect(fixed).toMatchInlineSnapshot(
      `"sjs_AAAAAAAAAAAAAeJAAAAACfvxAAABAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA9CVB8kJKSGFBJGAZ"`,
    )
  })

  it.each([
    ['nothing', ''],
    ['a character less', TOKEN.slice(1)],
    ['a character more', `${TOKEN}A`],
    ['another prefix', TOKEN.replace('sjs_', 'sjr_')],
    ['a prefix in capitals', TOKEN.replace('sjs_', 'SJS_')],
    ['a line break behind', `${TOKEN.slice(0, -1)}\n`],
    ['a line break behind the whole', `${TOKEN}\n`],
    ['padding', `${TOKEN.slice(0, -1)}=`],
  ])('is not shaped so with %s', (_, text) => {
    expect(isTokenShaped(text)).toBe(false)
  })

  it.each(['+', '/', '=', '.', ' ', '\0', '\n', 'é', '%'])('takes %j at no place', (character) => {
    for (let at = 0; at < TOKEN_LENGTH; at++)
      expect(isTokenShaped(TOKEN.slice(0, at) + character + TOKEN.slice(at + 1))).toBe(false)
  })

  it('has one spelling: any other character at any place is no token, or forged', () => {
    const taken: string[] = []
    for (let at = 0; at < TOKEN_LENGTH; at++) {
      for (const character of ALPHABET) {
        const other = TOKEN.slice(0, at) + character + TOKEN.slice(at + 1)
        if (other !== TOKEN && isTokenShaped(other) && readToken(scope, other) !== undefined)
          taken.push(other)
      }
    }
    expect(taken).toEqual([])
  })
})

describe('the claims', () => {
  it('say whose token it is, and keep of the secret its hash alone', () => {
    const claims = readToken(scope, TOKEN)
    expect(claims).toEqual({
      roster: makeRosterKey(123_456),
      number: makeNumber(654_321),
      generation: 7,
      secretHash: hashSecret(SECRET),
      retiring: false,
    })
    expect(secretOf(TOKEN)).toBe(SECRET)
    expect(claims && claimedSessionId(claims)).toBe(ID)
    expect(JSON.stringify(claims)).not.toContain(SECRET)
  })

  it.each([0, 1, 255, 256, 65_536, MAX_GENERATION])('count the generation: %i', (generation) => {
    expect(readToken(scope, writeToken(scope, ID, generation, SECRET))?.generation).toBe(generation)
  })
})

describe('the MAC covers', () => {
  it.each([
    ['the deployment', tokenScope(ring, 'elsewhere', 'default', 'bearer')],
    ['the realm', tokenScope(ring, 'deployment', 'staff', 'bearer')],
    ['the transport', tokenScope(ring, 'deployment', 'default', '__Host-Http-sid')],
    ['the secret it was made with', tokenScope(secretsRing([SECRETS[1]]), 'deployment', 'default', 'bearer')],
  ])('%s', (_, other) => {
    expect(readToken(other, TOKEN)).toBeUndefined()
    expect(readToken(scope, writeToken(other, ID, 7, SECRET))).toBeUndefined()
  })

  it('where one field ends and the next begins', () => {
    const token = writeToken(tokenScope(ring, 'a', 'bc', 'd'), ID, 1, SECRET)
    expect(readToken(tokenScope(ring, 'ab', 'c', 'd'), token)).toBeUndefined()
    expect(readToken(tokenScope(ring, 'a', 'b', 'cd'), token)).toBeUndefined()
  })
})

describe('a ring of several secrets', () => {
  const rotated = secretsRing([SECRETS[1], SECRETS[0]])
  const after = tokenScope(rotated, 'deployment', 'default', 'bearer')

  it('accepts a retiring one, says so, and signs anew without changing anything else', () => {
    expect(readToken(after, TOKEN)).toMatchObject({ generation: 7, retiring: true })
    const anew = resignToken(after, TOKEN)
    expect(anew.slice(0, 76)).toBe(TOKEN.slice(0, 76))
    expect(readToken(after, anew)).toMatchObject({ generation: 7, retiring: false })
    expect(readToken(scope, anew)).toBeUndefined()
  })

  it('ends with the secret that was taken out', () => {
    const later = tokenScope(secretsRing([SECRETS[1]]), 'deployment', 'default', 'bearer')
    expect(readToken(later, TOKEN)).toBeUndefined()
  })

  it('tries every key where two have the same id', () => {
    const { first, second } = twins()
    const both = tokenScope(secretsRing([first, second]), 'd', 'r', 't')
    for (const secret of [first, second]) {
      const alone = tokenScope(secretsRing([secret]), 'd', 'r', 't')
      expect(readToken(both, writeToken(alone, ID, 3, SECRET))).toMatchObject({ generation: 3 })
    }
  })
})

it('compares texts in full', () => {
  expect(equalText('abc', 'abc')).toBe(true)
  for (const other of ['abd', 'bbc', 'ab', 'abcd', '']) expect(equalText('abc', other)).toBe(false)
})

/** Two secrets whose keys share an id: one in 256 does. */
function twins(): { first: Buffer; second: Buffer } {
  const environment = fakeEnvironment()
  const first = environment.randomBytes(48)
  const { id } = secretsRing([first]).signing
  for (;;) {
    const second = environment.randomBytes(48)
    if (secretsRing([second]).signing.id === id) return { first, second }
  }
}
