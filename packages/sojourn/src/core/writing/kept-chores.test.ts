/** Chores that are kept for later when there is no room, or no later. */
import { expect, it } from 'vitest'
import { fakeEnvironment } from '../../testing/fake-environment.ts'
import { createChores } from './chores.ts'

it('one more than can be kept is done at once, and none of those that are', async () => {
  const environment = fakeEnvironment()
  const chores = createChores(environment, { laterMs: 30_000 })
  const done: number[] = []
  for (let index = 0; index <= 10_000; index++)
    chores.later(`key ${index}`, async () => void done.push(index))
  await environment.advance(1)
  expect(done).toEqual([10_000])
  await environment.advance(30_000)
  expect(done).toHaveLength(10_001)
  expect(new Set(done).size).toBe(10_001)
})

it('without a later, everything is done at once', async () => {
  const environment = fakeEnvironment()
  const chores = createChores(environment, { laterMs: 0 })
  const done: string[] = []
  chores.later('a', async () => void done.push('a'))
  await environment.advance(1)
  expect(done).toEqual(['a'])
  expect(environment.timers).toBe(0)
})
