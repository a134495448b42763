// All rules for ports that a client of the application was handed to.
import { createClient } from '@redis/client'
import * as servers from 'sojourn-test-programs'
import { redisPortConformance } from '../../../testing/redis-port/kit.ts'
import type { HandedIn } from '../../../testing/redis-port/rule.ts'
import { nodeRedis } from '../node-redis.ts'
import { runner } from './conformance.fixture.ts'

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
