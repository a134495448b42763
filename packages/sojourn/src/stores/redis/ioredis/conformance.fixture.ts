/**
 * All rules for ports, and with a client that the application brought, over one topology a file: groups of servers
 * mostly wait, so the files run side by side.
 */
import { Cluster, Redis } from 'ioredis'
import * as servers from 'sojourn-test-programs'
import { afterAll, describe, it } from 'vitest'
import { redisPortConformance } from '../../../testing/redis-port/kit.ts'
import type { PortTarget } from '../../../testing/redis-port/rule.ts'
import { ioRedis } from '../ioredis.ts'
import type { PortTraits } from '../port.ts'

const runner = { describe, it, afterAll }

export function conforms(topology: PortTraits['topology']): void {
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
