import { expect, test } from 'vitest'
import { ConfigError } from '../../core/errors.ts'
import { fakeEnvironment } from '../../testing/fake-environment.ts'
import { type RedisPort, redisStore, type RedisStoreOptions } from './index.ts'

const DEAF: RedisPort = {
  traits: { driver: 'none', topology: 'single', invalidation: 'feed' },
  command: () => Promise.reject(new Error('Nobody is asked when a store is made.')),
  writeAndWait: () => Promise.reject(new Error('Nobody is asked when a store is made.')),
  close: async () => undefined,
}
const PORT: RedisPort = { ...DEAF, subscribe: () => () => undefined }

function problemsOf(options: object): readonly string[] {
  try {
    redisStore(options as RedisStoreOptions)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ path }) => path)
    throw error
  }
  return []
}

test('every problem is told at once', () => {
  const options = { redis: {}, prefix: '', tags: 3, voters: -1, fence: '6s', invalidation: 'push', tag: 1 }
  expect(problemsOf(options)).toEqual(['tag', 'redis', 'prefix', 'tags', 'voters', 'fence', 'invalidation'])
})

test.each([
  ['redis', [undefined, null, 'redis://127.0.0.1', { command: () => undefined }]],
  ['prefix', ['', 'a b', '{a}', 'x'.repeat(41), 7, 'grüße']],
  ['tags', [0, -2, 3, 8_192, 2.5, Number.NaN, '256']],
  ['voters', [-1, 1.5, 17, Number.NaN, '1']],
  ['fence', ['999ms', '6s', '0s', 'soon', 5_000]],
  ['invalidation', ['push', true, '']],
])('%s that cannot work is refused', (path, values) => {
  for (const value of values) expect(problemsOf({ redis: PORT, [path]: value })).toEqual([path])
})

test('what can work does, and asks nobody', () => {
  for (const options of [
    {},
    { prefix: 'shop:eu-1', tags: 4_096, voters: 16, fence: '1s' },
    { tags: 1, fence: '5000ms' },
  ])
    expect(problemsOf({ redis: PORT, environment: fakeEnvironment(), ...options })).toEqual([])
})

test('the traits say what the options and the port make of it', () => {
  const environment = fakeEnvironment()
  const traitsOf = (options: Partial<RedisStoreOptions>): unknown =>
    redisStore({ redis: PORT, environment, ...options }).traits
  expect(traitsOf({})).toEqual({
    name: 'redis',
    shared: true,
    writeClasses: ['fast'],
    deviations: [],
    invalidation: 'feed',
    tags: 256,
  })
  expect(traitsOf({ voters: 2, tags: 16 })).toMatchObject({ writeClasses: ['fast', 'replicated'], tags: 16 })
  expect(traitsOf({ invalidation: 'none' })).toMatchObject({ invalidation: 'none' })
  expect(traitsOf({ redis: DEAF })).toMatchObject({ invalidation: 'none' })
})

test.each(['auto', 'none'] as const)(
  'whoever listens hears that reads go to another server (%s), until it stops',
  (invalidation) => {
    const environment = fakeEnvironment()
    const told: string[] = []
    const listener = { changed: () => void told.push('changed'), lost: () => void told.push('lost') }
    const routes = new Set<() => void>()
    const redis: RedisPort = {
      ...PORT,
      watchRouting(onChanged) {
        routes.add(onChanged)
        return () => void routes.delete(onChanged)
      },
    }
    const stop = redisStore({ redis, environment, invalidation }).watchChanges(listener)
    for (const changed of routes) changed()
    expect(told).toEqual(['lost'])
    stop()
    for (const changed of routes) changed()
    expect(told).toEqual(['lost'])
    expect(redisStore({ redis: DEAF, environment }).watchChanges(listener)).toBeTypeOf('function')
  },
)
