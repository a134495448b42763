import fc from 'fast-check'
import { expect, it } from 'vitest'
import { holds } from '../holds.fixture.ts'
import { addressBytes, addressText } from './address.ts'

it.each([
  ['203.0.113.17', 4],
  ['0.0.0.0', 4],
  ['255.255.255.255', 4],
  ['2001:db8:85a3::8a2e:370:7334', 16],
  ['2001:db8:0:1:1:1:1:1', 16],
  ['2001:0:0:1::1', 16],
  ['1:2:3:4:5:6:7:8', 16],
  ['fe80::', 16],
  ['::1', 16],
  ['::', 16],
])('%s takes %i bytes and comes back', (text, length) => {
  const bytes = addressBytes(text)
  expect(bytes).toHaveLength(length)
  expect(addressText(bytes as Uint8Array)).toBe(text)
})

it.each([
  '',
  'localhost',
  '203.0.113.017',
  '203.0.113.256',
  '203.0.113',
  '2001:DB8::1',
  '2001:db8:0:0:0:0:0:1',
  '2001:db8::0001',
  '2001::db8::1',
  '2001:db8',
  '1:2:3:4:5:6:7::8',
  '1:2:3:4:5:6:7:8:9',
  '12345::',
  ':::',
  ':',
  '::ffff:192.0.2.1',
  'fe80::1%eth0',
])('%s is left as text', (text) => {
  expect(addressBytes(text)).toBeUndefined()
})

it('is only for what comes back letter for letter', () => {
  const unit = fc.constantFrom('0', '1', '9', 'a', 'f', 'F', ':', '.', '%')
  const anyText = fc.oneof(fc.string({ unit, maxLength: 40 }), fc.ipV4(), fc.ipV6())
  holds(anyText, (text) => {
    const bytes = addressBytes(text)
    expect(bytes === undefined ? text : addressText(bytes)).toBe(text)
  })
})
