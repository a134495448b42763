import { expect, it } from 'vitest'
import { SECRETS } from '../manager.fixture.ts'
import { keysById, secretsRing } from './secrets.ts'

it('signs with the first secret and keeps all of them', () => {
  const ring = secretsRing(SECRETS)
  expect(ring.keys).toHaveLength(3)
  expect(ring.signing).toBe(ring.keys[0])
  expect(keysById(ring, ring.signing.id)).toContain(ring.signing)
})

it('derives another key for each purpose and each secret, the same ones every time', () => {
  const exported = (secret: string): string[] => {
    const { mac, sealing, wrapping } = secretsRing([secret]).signing
    return [mac.export().toString('hex'), sealing.toString('hex'), wrapping.export().toString('hex')]
  }
  const all = SECRETS.flatMap(exported)
  expect(new Set(all).size).toBe(9)
  expect(exported(SECRETS[0])).toEqual(exported(SECRETS[0]))
  for (const key of all) expect(key).toMatch(/^[0-9a-f]{64}$/)
})

it('takes text and its bytes for the same secret', () => {
  const [text] = SECRETS
  expect(secretsRing([Buffer.from(text)]).signing.mac.equals(secretsRing([text]).signing.mac)).toBe(true)
})

it('needs one', () => {
  expect(() => secretsRing([])).toThrow(TypeError)
})
