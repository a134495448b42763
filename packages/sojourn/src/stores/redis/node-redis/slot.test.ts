import { expect, test } from 'vitest'
import { slotOf } from './slot.ts'

/** What `CLUSTER KEYSLOT` of Redis 7.0 answers. */
test.each([
  ['123456789', 12_739],
  ['', 0],
  ['foo', 12_182],
  ['{foo}bar', 12_182],
  ['bar{foo}{baz}', 12_182],
  ['foo{}{bar}', 8_363],
  ['{}foo', 9_500],
  ['foo{bar', 15_278],
  ['ключ', 10_303],
])('%s is in slot %i', (key, slot) => {
  expect(slotOf(key)).toBe(slot)
})
