import { createHmac, createSecretKey } from 'node:crypto'
import { expect, it } from 'vitest'
import { fakeEnvironment } from '../../testing/fake-environment.ts'
import { preparedMac, preparedTextMac } from './mac.ts'

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

it('is HMAC-SHA-256 of a text of any length in UTF-8, a shorter one after a longer one too', () => {
  const environment = fakeEnvironment()
  for (let round = 0; round < 40; round++) {
    const key = createSecretKey(environment.randomBytes(1 + round))
    const mac = preparedTextMac(key)
    for (const text of ['', 'ada', 'ä€😀'.repeat(round), 'a'.repeat(255), 'a'.repeat(700), 'ada']) {
      expect(mac(text)).toBe(createHmac('sha256', key).update(text).digest('base64url'))
    }
  }
})
