import { expect, test } from 'vitest'
import { ago } from './moments.ts'

const NOON = Date.UTC(2026, 0, 31, 12)
const MINUTE = 60_000

test.each([
  [-MINUTE, 'just now'],
  [59_999, 'just now'],
  [MINUTE, '1 minute ago'],
  [59 * MINUTE, '59 minutes ago'],
  [60 * MINUTE, '1 hour ago'],
  [25 * 60 * MINUTE, 'yesterday'],
  [29 * 1440 * MINUTE, '29 days ago'],
  [30 * 1440 * MINUTE, 'on 1 January 2026'],
])('%d ms ago is "%s"', (passed, text) => {
  expect(ago(NOON - passed, NOON)).toBe(text)
})
