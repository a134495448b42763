import { expect, it } from 'vitest'
import { fakeEnvironment } from '../../testing/fake-environment.ts'
import { randomRosterKey } from '../../core/ids.ts'
import { makeRosterKey } from '../../testing/builders.ts'
import { createPlacing } from './placing.ts'

const NAMES = ['cache-1:11211', 'cache-2:11211', 'cache-3:11211', 'cache-4:11211', 'cache-5:11211']
const environment = fakeEnvironment()
const KEYS = Array.from({ length: 20_000 }, () => randomRosterKey(environment))

it('never changes: sessions are where they were put', () => {
  const placing = createPlacing(NAMES)
  const keys = Array.from({ length: 16 }, (_, index) => makeRosterKey(index))
  expect([...keys, 'document deployment'].map(placing).join('')).toMatchInlineSnapshot(`"14433012012301241"`)
})

it('does not depend on the order in which the servers are listed', () => {
  const reversed = NAMES.toReversed()
  const [placing, other] = [createPlacing(NAMES), createPlacing(reversed)]
  expect(KEYS.every((key) => NAMES[placing(key)] === reversed[other(key)])).toBe(true)
})

it.each([2, 3, 5])('gives each of %i servers its part', (count) => {
  const placing = createPlacing(NAMES.slice(0, count))
  const parts = Array.from({ length: count }, () => 0)
  for (const key of KEYS) parts[placing(key)]! += 1
  for (const part of parts) {
    expect(part).toBeGreaterThan((KEYS.length / count) * 0.94)
    expect(part).toBeLessThan((KEYS.length / count) * 1.06)
  }
})
