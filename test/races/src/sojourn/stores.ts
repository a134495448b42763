/** Every store that is raced. The broken ones are not among them: they exist to show that the races can be lost. */
import type { StoreUnderTest } from './store-under-test.ts'
import { broken, brokenRedis } from './stores/broken.ts'
import { memory } from './stores/memory.ts'
import { redis, redisCluster, redisClusterNear, redisNear } from './stores/redis.ts'
import { sqlite } from './stores/sqlite.ts'

export const STORES: readonly StoreUnderTest[] = [
  memory,
  sqlite,
  redis,
  redisNear,
  redisCluster,
  redisClusterNear,
]
export const BROKEN_STORES: readonly StoreUnderTest[] = [broken, brokenRedis]

/** @throws Error for a name that is in no list */
export function storeNamed(name: string): StoreUnderTest {
  const found = [...STORES, ...BROKEN_STORES].find((store) => store.name === name)
  if (found === undefined) throw new Error(`There is no store "${name}".`)
  return found
}
