import { createHmac, createSecretKey } from 'node:crypto'
import { expect, it } from 'vitest'
import { fakeEnvironment } from '../../testing/fake-environment.ts'
import { preparedMac } from './mac.ts'

it('is HMAC-SHA-256 of label and text, for every key, label and text, however often it is used', () => {
  const environment = fakeEnvironment()
  for (let round = 0; round < 200; round++) {
    const key = createSecretKey(environment.randomBytes(1 + (round % 64)))
    const label = environment.randomBytes(round % 90).toString('base64url')
    const mac = preparedMac(key, label, 76)
    for (const text of [environment.randomBytes(57).toString('base64url'), 'a'.repeat(76)]) {
      const expected = createHmac('sha256', key).update(label).update(text).digest('binary')
      expect(mac(text)).toBe(expected)
    }
  }
})
