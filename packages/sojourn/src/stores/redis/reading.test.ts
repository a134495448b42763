// Replies that no Redis gives: a proxy in between, a client whose replies somebody maps.
import { expect, test } from 'vitest'
import { makeNumber, makeRosterKey } from '../../testing/builders.ts'
import type { Reply } from './port.ts'
import { fieldsIn, readRecord, readRoster } from './reading.ts'

const KEY = makeRosterKey(1)
const CORRUPT = expect.objectContaining({ code: 'STORE_CORRUPT' })
const BYTES = Buffer.from('x')

test.each<[string, Reply]>([
  ['text', 'OK'],
  ['a number', 7],
  ['nothing', null],
  ['bytes', BYTES],
  ['too few values', [BYTES]],
  ['too many values', [BYTES, BYTES, BYTES]],
  ['text for bytes', ['x', 'y']],
  ['a number for bytes', [1, null]],
  ['a list for bytes', [[BYTES], null]],
])('a read that answers %s is an error and not an absence', (_, reply) => {
  expect(() => readRecord(reply, KEY, makeNumber(1))).toThrow(CORRUPT)
})

test.each<[string, Reply]>([
  ['text', 'OK'],
  ['nothing', null],
  ['a field without a value', [BYTES]],
  ['a missing value', [BYTES, null]],
  ['text for bytes', ['h', 'x']],
])('a list that answers %s is an error and not an absence', (_, reply) => {
  expect(() => readRoster(fieldsIn(reply), KEY)).toThrow(CORRUPT)
})

test('no roster is an absence', () => {
  expect(readRecord([null, null], KEY, makeNumber(1))).toBe(undefined)
  expect(readRoster(fieldsIn([]), KEY)).toBe(undefined)
})
