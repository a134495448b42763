import { expect, it, vi } from 'vitest'
import { fakeEnvironment } from '../../testing/fake-environment.ts'
import { randomNumber } from '../ids.ts'
import { distinctSessions } from './distinct.ts'

/** Much is counted here; only what hangs takes this long. */
vi.setConfig({ testTimeout: 60_000 })

const MINUTE = 60_000
/** Three standard errors. */
const TOLERANCE = 0.05

it('is exact for none, and for one however often it is seen', () => {
  const environment = fakeEnvironment()
  const distinct = distinctSessions(environment)
  expect(distinct.estimate()).toBe(0)
  const number = randomNumber(environment)
  for (let sight = 0; sight < 100; sight++) distinct.add(number)
  expect(distinct.estimate()).toBe(1)
})

it.each([10, 100, 1_000, 5_000, 10_000, 12_000, 20_000, 100_000, 1_000_000])('is near %i', (count) => {
  const environment = fakeEnvironment({ seed: count })
  const distinct = distinctSessions(environment)
  for (let session = 0; session < count; session++) distinct.add(randomNumber(environment))
  expect(Math.abs(distinct.estimate() / count - 1)).toBeLessThan(TOLERANCE)
})

it('forgets what was not seen for more than five minutes, and nothing sooner', async () => {
  const environment = fakeEnvironment()
  const distinct = distinctSessions(environment)
  const numbers = Array.from({ length: 50 }, () => randomNumber(environment))
  for (const number of numbers) distinct.add(number)
  const all = distinct.estimate()
  expect(all / 50).toBeCloseTo(1, 1)
  await environment.advance(5 * MINUTE)
  expect(distinct.estimate()).toBe(all)
  for (const number of numbers.slice(0, 10)) distinct.add(number)
  await environment.advance(MINUTE)
  expect(distinct.estimate()).toBe(10)
  await environment.advance(60 * MINUTE)
  expect(distinct.estimate()).toBe(0)
})
