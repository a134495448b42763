/**
 * `npm run bench -- --bytes`: what a session takes in Redis, as growth of its `used_memory`, with one and with three
 * sessions for each user, on a stock server and on one that keeps larger hashes in one piece.
 */
import { createSessions } from 'sojourn'
import { ADDRESS, DATA, USER_AGENT, userNames } from '../content.ts'
import { startRedis, usedMemory } from './server.ts'
import { openRedisStore } from './store.ts'

export interface BytesRow {
  readonly path: string
  readonly server: string
  readonly sessionsPerUser: number
  readonly bytesPerSession: number
  readonly targetBytes: number
}

/** Redis doubles the tables of its keys when they are full: with so many they are as full as they are on average. */
const USERS = 11_400
/** For what the server allocates once. */
const WARM_UP = 16
const AT_ONCE = 64
const SERVERS = [
  { server: 'stock', config: [], targets: [720, 500] },
  { server: 'hash-max-listpack-value 1024', config: ['hash-max-listpack-value 1024'], targets: [520, 400] },
] as const

export async function measureBytes(onProgress: (text: string) => void): Promise<readonly BytesRow[]> {
  const rows: BytesRow[] = []
  for (const { server, config, targets } of SERVERS) {
    for (const [index, sessionsPerUser] of [1, 3].entries()) {
      onProgress(`${server}, ${sessionsPerUser} for each user`)
      const bytesPerSession = Math.round(await bytesOf(config, sessionsPerUser))
      const targetBytes = targets[index] as number
      rows.push({ path: 'bytes/redis', server, sessionsPerUser, bytesPerSession, targetBytes })
    }
  }
  return rows
}

async function bytesOf(config: readonly string[], perUser: number): Promise<number> {
  const server = await startRedis({ config })
  const opened = await openRedisStore('ioredis', server.url)
  try {
    const sessions = createSessions({
      deployment: 'bench',
      secrets: 'Nd3mTq8yWv1sKx6bRj0pLc5uHf9zGa2eXo7i',
      store: opened.store,
      data: { dictionary: Object.keys(DATA) },
    })
    const signIn = async (user: string): Promise<void> => {
      const device = { address: ADDRESS, userAgent: USER_AGENT }
      for (let session = 0; session < perUser; session++)
        await sessions.signIn(user, { transport: 'bearer', device, data: DATA })
    }
    const users = userNames(WARM_UP + USERS)
    await inBatches(users.slice(0, WARM_UP), signIn)
    const before = await usedMemory(server)
    await inBatches(users.slice(WARM_UP), signIn)
    const grown = (await usedMemory(server)) - before
    await sessions.close()
    return grown / (USERS * perUser)
  } finally {
    await opened.close()
    await server.stop()
  }
}

async function inBatches(users: readonly string[], work: (user: string) => Promise<void>): Promise<void> {
  for (let from = 0; from < users.length; from += AT_ONCE)
    await Promise.all(users.slice(from, from + AT_ONCE).map(work))
}
