import { Cluster, Redis } from 'ioredis'
import { describe, expect, test } from 'vitest'
import { ConfigError } from '../../../core/errors.ts'
import { type IoRedisOptions, ioRedis } from '../ioredis.ts'
import type { NodeSettings } from './settings.ts'

const SAFE: NodeSettings = {
  lazyConnect: true,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  reconnectOnError: (error) => error.message.startsWith('READONLY'),
}

describe('every problem is told, with its path', () => {
  test.each<[object, string[]]>([
    [{}, ['']],
    [{ url: 'redis://h', cluster: ['redis://h'] }, ['']],
    [{ url: 'http://h', keyPrefix: 'x' }, ['keyPrefix', 'url']],
    [{ sentinels: [], name: '', db: 1.5 }, ['sentinels', 'name', 'db']],
    [{ sentinels: [{ host: 'h', port: 0 }], name: 'a' }, ['sentinels[0]']],
    [{ cluster: [] }, ['cluster']],
    [{ cluster: ['redis://:p@h', 'redis://h/1', '/s', {}] }, [1, 2, 3].map((n) => `cluster[${n}]`)],
    [{ client: {} }, ['client']],
  ])('%o', (options, paths) => {
    expect(pathsOf(options)).toEqual(paths)
  })

  test('and no password', () => {
    expect(() => ioRedis({ url: 'http://u:hunter2@h' })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('hunter2') }) as Error,
    )
  })
})

test('what is undefined is as if it were left out', () => {
  const none = { username: undefined, password: undefined, tls: undefined, environment: undefined }
  const address = { host: '127.0.0.1', port: 1 }
  const all: readonly IoRedisOptions[] = [
    { url: 'redis://127.0.0.1:1', ...none },
    { sentinels: [address], name: 'p', db: undefined, sentinelCredentials: undefined, ...none },
    { sentinels: [address], name: 'p', sentinelCredentials: { username: undefined, password: undefined } },
    { cluster: [address], ...none },
  ]
  expect(all.map(pathsOf)).toEqual([[], [], [], []])
})

describe('a client that would break the rules is refused', () => {
  test.each<[string, NodeSettings]>([
    ['enableOfflineQueue', { enableOfflineQueue: true }],
    ['autoResendUnfulfilledCommands', { autoResendUnfulfilledCommands: true }],
    ['maxRetriesPerRequest', { maxRetriesPerRequest: 1 }],
    ['maxRetriesPerRequest', { maxRetriesPerRequest: null }],
    ['retryStrategy', { retryStrategy: (times) => (times > 3 ? null : 1) }],
    ['reconnectOnError', { reconnectOnError: () => 2 }],
    ['reconnectOnError', { reconnectOnError: null }],
    ['protocol', { protocol: 2 }],
    ['stringNumbers', { stringNumbers: true }],
    ['role', { sentinels: [{}], name: 'a', role: 'slave' }],
    ['enableReadyCheck', { sentinels: [{}], name: 'a', enableReadyCheck: false }],
  ])('%s %#', (path, options) => {
    expect(pathsOf({ client: new Redis({ ...SAFE, ...options }) })).toEqual([`client.${path}`])
  })

  test('one of a cluster', () => {
    const client = new Cluster(['redis://h'], {
      lazyConnect: true,
      scaleReads: 'slave',
      clusterRetryStrategy: () => null,
      clusterNodeRetryStrategy: () => 1,
      redisOptions: { protocol: 2 },
    })
    expect(pathsOf({ client })).toEqual(
      [
        'redisOptions.protocol',
        'enableOfflineQueue',
        'scaleReads',
        'clusterRetryStrategy',
        'clusterNodeRetryStrategy',
      ].map((path) => `client.${path}`),
    )
  })

  test('one that was closed', () => {
    const client = new Redis(SAFE)
    client.disconnect()
    expect(pathsOf({ client })).toEqual(['client.status'])
  })
})

function pathsOf(options: object): string[] {
  try {
    void ioRedis(options as IoRedisOptions).close()
    return []
  } catch (error) {
    return (error as ConfigError).problems.map(({ path }) => path)
  }
}
