/** All rules for ports, over each topology, and with a client that the application brought. */
import { Cluster, Redis } from 'ioredis'
import * as servers from 'sojourn-test-programs'
import { afterAll, describe, it, vi } from 'vitest'
import { redisPortConformance } from '../../../testing/redis-port/kit.ts'
import type { PortTarget } from '../../../testing/redis-port/rule.ts'
import { ioRedis } from '../ioredis.ts'

// Servers are killed, paused and elected meanwhile.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })
const runner = { describe, it, afterAll }

for (const topology of ['single', 'sentinel', 'cluster'] as const) {
  redisPortConformance({
    runner,
    name: 'ioredis',
    topology,
    servers,
    open: (target, environment) => ioRedis({ ...target, environment }),
    handIn: async (target, environment) => {
      const client = ownClient(target)
      client.on('error', () => undefined)
      await client.connect()
      return {
        port: ioRedis({ client, environment }),
        ask: () => client.get('any'),
        close: () => client.disconnect(),
      }
    },
  })
}

/** With the options that docs/redis/ioredis.md asks for. */
function ownClient(target: PortTarget): Redis | Cluster {
  const safe = {
    lazyConnect: true,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
  }
  if ('url' in target) return new Redis(target.url, safe)
  if ('sentinels' in target)
    return new Redis({ ...safe, sentinels: [...target.sentinels], name: target.name })
  return new Cluster([...target.cluster], { lazyConnect: true, enableOfflineQueue: false })
}
