/** Our store on the run's Redis, through either driver, as soon as it is connected. */
import { setTimeout as delay } from 'node:timers/promises'
import type { SessionStore } from 'sojourn'
import { type RedisPort, redisStore } from 'sojourn/stores/redis'

export type DriverName = 'node-redis' | 'ioredis'

export interface OpenedStore {
  readonly store: SessionStore
  close(): Promise<void>
}

const ATTEMPTS = 200
const PAUSE_MS = 20

/** All processes of a run share the server, and none of them the sessions, unless a prefix says so. */
export async function openRedisStore(
  driver: DriverName,
  url: string,
  prefix = `bench-${process.pid}`,
): Promise<OpenedStore> {
  const redis = await portOf(driver, url)
  const store = redisStore({ redis, prefix })
  await untilItAnswers(store)
  return {
    store,
    async close() {
      await store.close()
      await redis.close()
    },
  }
}

/** Only the driver that is measured is loaded. */
async function portOf(driver: DriverName, url: string): Promise<RedisPort> {
  if (driver === 'ioredis') return (await import('sojourn/stores/redis/ioredis')).ioRedis({ url })
  return (await import('sojourn/stores/redis/node-redis')).nodeRedis({ url })
}

async function untilItAnswers(store: SessionStore): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await store.ping()
    } catch (error) {
      if (attempt === ATTEMPTS) throw error
      await delay(PAUSE_MS)
    }
  }
}
