import { createClient } from '@redis/client'
import * as servers from 'sojourn-test-programs'
import { afterAll, describe, it, vi } from 'vitest'
import { redisPortConformance } from '../../../testing/redis-port/kit.ts'
import type { HandedIn } from '../../../testing/redis-port/rule.ts'
import { nodeRedis } from '../node-redis.ts'

// Servers are killed, paused and elected meanwhile.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })
const runner = { describe, it, afterAll }

for (const topology of ['single', 'sentinel', 'cluster'] as const)
  redisPortConformance({
    runner,
    name: 'node-redis',
    topology,
    servers,
    open: (target, environment) => nodeRedis({ ...target, environment }),
  })

redisPortConformance({
  runner,
  name: 'node-redis with a client of the application',
  topology: 'single',
  servers,
  open: (target, environment) => nodeRedis({ ...target, environment }),
  handIn: async (target, environment): Promise<HandedIn> => {
    const { url, username, password } = target as { url: string; username?: string; password?: string }
    const client = createClient({
      url,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
    })
    await client.on('error', () => {}).connect()
    return {
      port: nodeRedis({ client, environment }),
      ask: () => client.ping(),
      close: () => client.destroy(),
    }
  },
})
