// The stores as the documentation names them, each with what it says of itself. Traits ask nobody: no server runs.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SessionStore, StoreTraits } from 'sojourn'
import { memcachedStore } from 'sojourn/stores/memcached'
import { memoryStore } from 'sojourn/stores/memory'
import { redisStore } from 'sojourn/stores/redis'
import { nodeRedis } from 'sojourn/stores/redis/node-redis'
import { sqliteStore } from 'sojourn/stores/sqlite'
import { tieredStore } from 'sojourn/stores/tiered'

/** Where a store is put: what it cannot say of itself. */
interface Placing {
  readonly name: string
  /** It can be cut off from the processes that use it. */
  readonly isRemote: boolean
  /** Another server takes the place of one that is lost, with what had reached it. */
  readonly failsOver: boolean
  /** What was acknowledged is there after a restart of the server, or was lost in a way that the page names. */
  readonly keeps: boolean
}

export interface Topology extends Placing {
  readonly traits: StoreTraits
  /** It proves again and again that what it reads from is still the authority. */
  readonly isFenced: boolean
}

const NOWHERE = { host: '127.0.0.1', port: 1 }
const ALONE = { isRemote: true, failsOver: false, keeps: true }
const GROUP = { isRemote: true, failsOver: true, keeps: true }

export async function topologies(): Promise<readonly Topology[]> {
  const folder = mkdtempSync(join(tmpdir(), 'sojourn-guarantees-'))
  const single = nodeRedis({ url: 'redis://127.0.0.1:1' })
  const group = nodeRedis({ sentinels: [NOWHERE], name: 'docs' })
  const placed: ReadonlyArray<readonly [Placing, SessionStore]> = [
    [{ name: 'memory', isRemote: false, failsOver: false, keeps: false }, memoryStore()],
    [
      { name: 'SQLite', isRemote: false, failsOver: false, keeps: true },
      sqliteStore({ path: join(folder, 'sessions.db') }),
    ],
    [{ name: 'Redis, one server', ...ALONE }, redisStore({ redis: single })],
    [{ name: 'Redis with replicas, `voters: 0`', ...GROUP }, redisStore({ redis: group })],
    [{ name: 'Redis with replicas, all `voters`', ...GROUP }, redisStore({ redis: group, voters: 2 })],
    [
      { name: 'the same behind near copies', ...GROUP },
      tieredStore({ hot: redisStore({ redis: group, voters: 2 }) }),
    ],
    [{ name: 'Memcached', ...ALONE, keeps: false }, memcachedStore({ servers: ['127.0.0.1:1'] })],
  ]
  const found = placed.map(([placing, store]) => ({
    ...placing,
    traits: store.traits,
    isFenced: 'isConfirmed' in ('authority' in store ? (store.authority as object) : store),
  }))
  await Promise.all(placed.map(([, store]) => store.close()))
  await Promise.all([single.close(), group.close()])
  rmSync(folder, { recursive: true })
  return found
}
