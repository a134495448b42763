import { expect, it } from 'vitest'
import { fakeEnvironment } from '../../testing/fake-environment.ts'
import { createChores } from './chores.ts'

function setUp(): {
  environment: ReturnType<typeof fakeEnvironment>
  chores: ReturnType<typeof createChores>
  done: string[]
  job: (name: string) => () => Promise<void>
} {
  const environment = fakeEnvironment()
  const done: string[] = []
  const job = (name: string) => async () => void done.push(name)
  return { environment, chores: createChores(environment, { laterMs: 30_000 }), done, job }
}

it('does nothing at once and everything soon', async () => {
  const { environment, chores, done, job } = setUp()
  chores.add('a', job('a'))
  chores.add('b', job('b'))
  expect(done).toEqual([])
  await environment.advance(1)
  expect(done).toEqual(['a', 'b'])
})

it('has one waiting chore per key, and the same key again when it was done', async () => {
  const { environment, chores, done, job } = setUp()
  for (const name of ['first', 'second', 'third']) chores.add('key', job(name))
  await environment.advance(1)
  expect(done).toEqual(['first'])
  chores.add('key', job('again'))
  await environment.advance(1)
  expect(done).toEqual(['first', 'again'])
})

it('drops a chore that fails and goes on with the others', async () => {
  const { environment, chores, done, job } = setUp()
  chores.add('bad', () => Promise.reject(new Error('no')))
  chores.add('good', job('good'))
  await environment.advance(1)
  chores.add('bad', job('bad'))
  await environment.advance(1)
  expect(done).toEqual(['good', 'bad'])
})

it('does what is added while it works', async () => {
  const { environment, chores, done, job } = setUp()
  chores.add('a', async () => chores.add('b', job('b')))
  await environment.advance(1)
  expect(done).toEqual(['b'])
})

it('does 32 at a time, and gives each place that is free to the next one', async () => {
  const { environment, chores, done, job } = setUp()
  const ends: (() => void)[] = []
  const slow = (): Promise<void> => new Promise((resolve) => ends.push(resolve))
  for (let index = 0; index < 31; index++) chores.add(`slow ${index}`, slow)
  for (let index = 0; index < 100; index++) chores.add(`key ${index}`, job(`${index}`))
  for (let index = 31; index < 40; index++) chores.add(`slow ${index}`, slow)
  await environment.advance(1)
  expect(done, 'through the one place that is left').toHaveLength(100)
  expect(ends).toHaveLength(32)
  ends[0]?.()
  await environment.advance(0)
  expect(ends).toHaveLength(33)
})

it('that hang do not keep the others from being done, also those that come later', async () => {
  const { environment, chores, done, job } = setUp()
  chores.add('slow', () => new Promise(() => {}))
  await environment.advance(1)
  chores.add('a', job('a'))
  await environment.advance(1)
  expect(done).toEqual(['a'])
})

it('keeps a chore for later', async () => {
  const { environment, chores, done, job } = setUp()
  chores.later('a', job('a'))
  await environment.advance(10_000)
  chores.later('b', job('b'))
  await environment.advance(19_999)
  expect(done).toEqual([])
  await environment.advance(2)
  expect(done).toEqual(['a'])
  await environment.advance(10_001)
  expect(done).toEqual(['a', 'b'])
})

it('flushes what waits, at once, with what is kept for later', async () => {
  const { chores, done, job } = setUp()
  chores.add('a', job('a'))
  chores.later('b', job('b'))
  await chores.flush()
  expect(done.toSorted()).toEqual(['a', 'b'])
})

it('is bounded', async () => {
  const { environment, chores, done, job } = setUp()
  for (let index = 0; index < 12_000; index++) chores.add(`key ${index}`, job('one'))
  await environment.advance(1)
  expect(done).toHaveLength(10_000)
})

it('says whether a chore was queued, waits already, or has no room', () => {
  const { chores, job } = setUp()
  expect(chores.add('a', job('a'))).toBe('added')
  expect(chores.add('a', job('a'))).toBe('joined')
  for (let index = 1; index < 10_000; index++) chores.add(`key ${index}`, job('one'))
  expect(chores.add('one more', job('one more'))).toBe('full')
  expect(chores.add('a', job('a'))).toBe('joined')
})
