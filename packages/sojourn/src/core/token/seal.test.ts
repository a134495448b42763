import { describe, expect, it } from 'vitest'
import { makeNumber, makeRosterKey } from '../../testing/builders.ts'
import { fakeEnvironment } from '../../testing/fake-environment.ts'
import { sessionId } from '../ids.ts'
import { SECRETS } from '../manager.fixture.ts'
import { openSuccessor, sealSuccessor } from './seal.ts'
import { secretsRing } from './secrets.ts'
import { newSecret } from './token.ts'

const environment = fakeEnvironment()
const ring = secretsRing([SECRETS[0]])
const presented = newSecret(environment)
const successor = newSecret(environment)
const place = { session: sessionId(makeRosterKey(1), makeNumber(1)), generation: 4 }
const sealed = sealSuccessor(environment, ring, { ...place, presented, successor })

it('opens for the holder of the replaced secret', () => {
  expect(openSuccessor(ring, sealed, { ...place, presented })).toBe(successor)
})

it('says nothing of either secret', () => {
  const bytes = Buffer.from(sealed)
  expect(bytes.includes(Buffer.from(successor, 'base64url'))).toBe(false)
  expect(bytes.includes(Buffer.from(presented, 'base64url'))).toBe(false)
})

it('differs every time, because the nonce is random', () => {
  expect(sealSuccessor(environment, ring, { ...place, presented, successor })).not.toEqual(sealed)
})

describe('stays shut', () => {
  it.each([
    ['to another secret', { ...place, presented: newSecret(environment) }],
    ['in another session', { ...place, session: sessionId(makeRosterKey(1), makeNumber(2)), presented }],
    ['in another generation', { ...place, generation: 5, presented }],
  ])('%s', (_, key) => {
    expect(openSuccessor(ring, sealed, key)).toBeUndefined()
  })

  it('without the configured secret, whoever has the store', () => {
    expect(openSuccessor(secretsRing([SECRETS[1]]), sealed, { ...place, presented })).toBeUndefined()
  })

  it('under another secret whose key has the same id', () => {
    const { id } = ring.signing
    for (;;) {
      const other = secretsRing([environment.randomBytes(48)])
      if (other.signing.id !== id) continue
      expect(openSuccessor(other, sealed, { ...place, presented })).toBeUndefined()
      return
    }
  })

  it('when any bit of any byte is another one', () => {
    for (let at = 0; at < sealed.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const other = Buffer.from(sealed)
        other[at] = (other[at] as number) ^ (1 << bit)
        expect(openSuccessor(ring, other, { ...place, presented }), `byte ${at}`).toBeUndefined()
      }
    }
  })

  it('when it is shorter or longer', () => {
    for (let length = 0; length < sealed.length; length++)
      expect(openSuccessor(ring, sealed.subarray(0, length), { ...place, presented })).toBeUndefined()
    expect(
      openSuccessor(ring, Buffer.concat([sealed, Buffer.of(0)]), { ...place, presented }),
    ).toBeUndefined()
  })
})

it('opens under a secret that stands behind a newer one by now', () => {
  const rotated = secretsRing([SECRETS[1], SECRETS[0]])
  expect(openSuccessor(rotated, sealed, { ...place, presented })).toBe(successor)
})
