/** Sessions to measure with: a library instance, a store with many users in it, and some of their tokens. */
import { join } from 'node:path'
import { randomBytes } from 'node:crypto'
import { createSessions, type Environment, type Sessions, type SessionStore } from 'sojourn'
import { memcachedStore } from 'sojourn/stores/memcached'
import { memoryStore } from 'sojourn/stores/memory'
import { sqliteStore } from 'sojourn/stores/sqlite'
import { tieredStore } from 'sojourn/stores/tiered'
import { type CountedStore, counted } from './counted-store.ts'
import { ADDRESS, DATA, USER_AGENT } from '../content.ts'
import { openRedisStore } from '../redis/store.ts'
import type { TargetOptions } from '../target.ts'

export { userNames } from '../content.ts'

export const COOKIE = '__Host-Http-sid'

export interface Populated {
  readonly sessions: Sessions
  readonly store: SessionStore
  readonly storeCalls: () => number
}

type Place = Pick<TargetOptions, 'store' | 'redis' | 'memcached' | 'directory'>

export async function openStore({ store, redis, memcached, directory }: Place): Promise<SessionStore> {
  if (store === 'memory') return memoryStore()
  if (store === 'sqlite') return sqliteStore({ path: join(directory, 'sessions.db') })
  if (store === 'memcached') return memcachedStore({ servers: [memcached], prefix: `bench-${process.pid}` })
  if (store === 'near') return tieredStore({ hot: (await openRedisStore('node-redis', redis)).store })
  return (await openRedisStore(store === 'redis/ioredis' ? 'ioredis' : 'node-redis', redis)).store
}

export async function openSessions(options: TargetOptions, given?: SessionStore): Promise<Populated> {
  const opened = given ?? (await openStore(options))
  const store = options.counting ? counted(opened) : opened
  const sessions = createSessions({
    deployment: 'bench',
    secrets: 'Nd3mTq8yWv1sKx6bRj0pLc5uHf9zGa2eXo7i',
    store,
    environment: stillEnvironment(),
    // A machine that others use too must not end the run.
    deadline: '10s',
    commitDeadline: '60s',
    data: { dictionary: Object.keys(DATA) },
  })
  await sessions.ready()
  return { sessions, store, storeCalls: () => (store === opened ? 0 : (store as CountedStore).calls) }
}

/** One session for each user, with data and a device; answers the tokens. */
export async function signInUsers(
  { sessions }: Populated,
  users: readonly string[],
): Promise<readonly string[]> {
  const tokens: string[] = []
  for (const user of users) {
    const result = await sessions.signIn(user, {
      transport: COOKIE,
      device: { address: ADDRESS, userAgent: USER_AGENT },
      data: DATA,
    })
    if (result.kind !== 'signed-in') throw new Error(result.reason)
    tokens.push(result.token)
  }
  return tokens
}

/**
 * The wall clock is read and not believed: no session grows old, so that no touch falls into a round. A touch costs
 * what a write costs, at most once a minute and session, and belongs to no request.
 */
export function stillEnvironment(): Environment {
  const startedAt = Date.now()
  return {
    now: () => Math.min(startedAt, Date.now()),
    monotonic: () => performance.now(),
    after(ms, run) {
      const timer = setTimeout(run, ms).unref()
      return { cancel: () => clearTimeout(timer) }
    },
    randomBytes: pooled(),
    jitter: () => Math.random(),
    log: ({ message }) => void process.stderr.write(`${message}\n`),
  }
}

/** As the library's own environment does it: the generator is asked for some kilobytes at a time. */
function pooled(): (count: number) => Buffer {
  let pool = Buffer.alloc(0)
  let at = 0
  return (count) => {
    if (at + count > pool.length) {
      pool = randomBytes(4096)
      at = 0
    }
    at += count
    return Buffer.from(pool.subarray(at - count, at))
  }
}
