/**
 * Where the sessions are kept: in a file beside the accounts, or in a Redis that other processes of the shop share, with
 * a near cache in front so that most checks ask nobody.
 */
import { join } from 'node:path'
import { ConfigError, type SessionStore } from 'sojourn'
import { redisStore } from 'sojourn/stores/redis'
import { nodeRedis } from 'sojourn/stores/redis/node-redis'
import { sqliteStore } from 'sojourn/stores/sqlite'
import { tieredStore } from 'sojourn/stores/tiered'
import { type Config, StartError } from './config.ts'

export interface KeptSessions {
  readonly store: SessionStore
  /** What to say when they were made with another secret. */
  readonly onMismatch: string
  readonly close: () => Promise<void>
}

const PREFIX = 'wayside'

/** @throws StartError 78 when `REDIS_URL` is no such address */
export function keptSessions({ dataDir, redisUrl }: Pick<Config, 'dataDir' | 'redisUrl'>): KeptSessions {
  return redisUrl === undefined ? inFile(join(dataDir, 'sessions.sqlite')) : inRedis(redisUrl, dataDir)
}

function inFile(path: string): KeptSessions {
  const store = sqliteStore({ path })
  return {
    store,
    onMismatch: `The sessions in ${path} were made with another secret than the one beside them. Put that secret back, or remove ${path}* to start with no sessions.`,
    close: () => store.close(),
  }
}

function inRedis(url: string, dataDir: string): KeptSessions {
  const redis = portTo(url)
  const store = tieredStore({ hot: redisStore({ redis, prefix: PREFIX }) })
  return {
    store,
    onMismatch: `The sessions in Redis were made with another secret than the one in ${dataDir}. Put that secret back, or delete the keys ${PREFIX}:* to start with no sessions.`,
    async close() {
      await store.close()
      await redis.close()
    },
  }
}

function portTo(url: string): ReturnType<typeof nodeRedis> {
  try {
    return nodeRedis({ url })
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    throw new StartError(78, `REDIS_URL cannot be used. ${error.message}`, { cause: error })
  }
}
