import { createClient, createCluster, createSentinel } from '@redis/client'
import { expect, test } from 'vitest'
import { ConfigError } from '../../../core/errors.ts'
import { type NodeRedisOptions, nodeRedis } from '../node-redis.ts'

function problemsOf(options: object): Readonly<Record<string, string>> {
  try {
    nodeRedis(options as NodeRedisOptions)
  } catch (error) {
    if (error instanceof ConfigError)
      return Object.fromEntries(error.problems.map(({ path, message }) => [path, message]))
    throw error
  }
  throw new Error('The options were accepted.')
}

test.each([
  ['nothing', {}, 'url'],
  ['two kinds', { url: 'redis://a', cluster: ['redis://a'] }, 'url'],
  ['another protocol', { url: 'http://a' }, 'url'],
  ['no host', { url: 'redis://' }, 'url'],
  ['a database that is no number', { url: 'redis://a/one' }, 'url'],
  ['a unix URL without a path', { url: 'unix:///' }, 'url'],
  ['a misspelt option', { url: 'redis://a', pasword: 'x' }, 'pasword'],
  ['a password that is no text', { url: 'redis://a', password: 1 }, 'password'],
  ['a user without a password', { url: 'redis://a', username: 'app' }, 'password'],
  ['TLS that is neither', { url: 'redis://a', tls: 'yes' }, 'tls'],
  ['no Sentinel', { sentinels: [], name: 'p' }, 'sentinels'],
  ['no name', { sentinels: [{ host: 'a' }] }, 'name'],
  ['a Sentinel without a host', { sentinels: [{ port: 1 }], name: 'p' }, 'sentinels[0]'],
  ['a database below 0', { sentinels: [{ host: 'a' }], name: 'p', database: -1 }, 'database'],
  [
    'unknown credentials',
    { sentinels: [{ host: 'a' }], name: 'p', sentinelCredentials: { user: 'x' } },
    'sentinelCredentials.user',
  ],
  ['no address of a cluster', { cluster: 'redis://a' }, 'cluster'],
  ['a port that is none', { cluster: [{ host: 'a', port: 65_536 }] }, 'cluster[0]'],
  ['a database in a cluster', { cluster: ['redis://a', 'redis://a/1'] }, 'cluster[1]'],
  ['no client', { client: undefined }, 'client'],
  ['something else as a client', { client: { duplicate: () => ({}) } }, 'client'],
  ['credentials beside a client', { client: createClient(), password: 'x' }, 'password'],
])('%s is refused, and the message names the option', (_, options, path) => {
  expect(Object.keys(problemsOf(options))).toEqual([path])
})

test('every problem is listed at once', () => {
  expect(Object.keys(problemsOf({ sentinels: [], name: '', tls: 1, nam: 1 })).toSorted()).toEqual([
    'nam',
    'name',
    'sentinels',
    'tls',
  ])
})

test.each([
  ['url', 'redis://app:hunter2@a:port'],
  ['url', 'hunter2://app:hunter2@a'],
  ['cluster', ['redis://app:hunter2@a/1']],
])('the password of a bad %s is not repeated', (key, value) => {
  expect(JSON.stringify(problemsOf({ [key]: value }))).not.toContain('hunter2')
})

test('a client that repeats commands, waits for dead nodes or prefixes keys is refused with what to write instead', () => {
  const sentinel = createSentinel({ name: 'p', sentinelRootNodes: [{ host: '127.0.0.1', port: 1 }] })
  const cluster = createCluster({ rootNodes: [{ url: 'redis://127.0.0.1:1' }] })
  expect(problemsOf({ client: sentinel })['client']).toContain('`sentinels` and `name`')
  expect(problemsOf({ client: cluster })['client']).toContain('`cluster`')
  expect(problemsOf({ client: createClient({ keyPrefix: 'app:' }) })['client']).toContain(
    'prefix to the store',
  )
})

test('what is undefined is as if it were left out', async () => {
  const none = { username: undefined, password: undefined, tls: undefined, environment: undefined }
  const credentials = { username: undefined, password: undefined }
  const address = { host: '127.0.0.1', port: 1 }
  const all: readonly NodeRedisOptions[] = [
    { url: 'redis://127.0.0.1:1', ...none },
    { sentinels: [address], name: 'p', database: undefined, sentinelCredentials: undefined, ...none },
    { sentinels: [address], name: 'p', sentinelCredentials: credentials },
    { cluster: [address], ...none },
  ]
  const closed = all.map((options) => nodeRedis(options).close())
  expect(await Promise.all(closed)).toHaveLength(all.length)
})
