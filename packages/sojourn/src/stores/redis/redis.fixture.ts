/** A store on a server of its own, for tests that put the server into some state. Everything is stopped after the test. */
import { afterEach } from 'vitest'
import { type RedisOptions, type RedisServer, startRedis } from 'sojourn-test-programs'
import { makeChange, makeHeader, makeRecord, makeRosterKey } from '../../testing/builders.ts'
import { type RedisStore, redisStore, type RedisStoreOptions } from './index.ts'
import { createLayout } from './layout.ts'
import type { RedisPort } from './port.ts'
import { nodeRedis } from './node-redis.ts'
import { connected } from './topologies.fixture.ts'

export const KEY = makeRosterKey(1)
export const HEADER = makeHeader({ subject: 'ada@example.org' })
export const RECORD = makeRecord()

const LAYOUT = createLayout({ prefix: 'sojourn', tags: 256, sharded: false })
/** Where the roster `KEY` is. */
export const PLACE: string = LAYOUT.rosterKey(KEY, LAYOUT.tagOf(KEY))

export interface Setting {
  readonly server: RedisServer
  readonly port: RedisPort
  readonly store: RedisStore
}

const cleanUp: (() => unknown)[] = []

afterEach(async () => {
  for (const step of cleanUp.splice(0).toReversed()) await step()
})

export function afterTest(step: () => unknown): void {
  cleanUp.push(step)
}

/** A store that holds one roster with one session. */
export async function withSession(
  serverOptions: RedisOptions = {},
  options: Partial<RedisStoreOptions> = {},
): Promise<Setting> {
  const server = await startRedis(serverOptions)
  afterTest(() => server.stop())
  const port = await connected(openPort(server))
  const store = openStore(port, options)
  await store.commit(KEY, makeChange({ header: HEADER, put: [RECORD] }))
  return { server, port, store }
}

export function openPort(server: RedisServer): RedisPort {
  const port = nodeRedis({ url: server.url })
  afterTest(() => port.close())
  return port
}

export function openStore(port: RedisPort, options: Partial<RedisStoreOptions> = {}): RedisStore {
  const store = redisStore({ redis: port, ...options })
  afterTest(() => store.close())
  return store
}
