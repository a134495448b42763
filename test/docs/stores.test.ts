// docs/stores.md says of Redis what the traits of the store and its ports say.
import { type RedisPort, redisStore } from 'sojourn/stores/redis'
import { ioRedis } from 'sojourn/stores/redis/ioredis'
import { nodeRedis } from 'sojourn/stores/redis/node-redis'
import { tieredStore } from 'sojourn/stores/tiered'
import { afterAll, describe, expect, it } from 'vitest'
import { page, tableUnder } from './pages.ts'

const stores = page('docs/stores.md')
/** Nothing listens there, and traits ask nobody. */
const NOBODY = { host: '127.0.0.1', port: 1 }

const DRIVERS = { 'node-redis': nodeRedis, ioredis: ioRedis } as const
const ADDRESSES = {
  single: { url: 'redis://127.0.0.1:1' },
  sentinel: { sentinels: [NOBODY], name: 'docs' },
  cluster: { cluster: [NOBODY] },
} as const
const WITNESS = {
  single: 'nobody',
  sentinel: 'a majority of the Sentinels',
  cluster: 'a majority of the primaries',
} as const

const TOPOLOGIES = ['single', 'sentinel', 'cluster'] as const
const ports = (['node-redis', 'ioredis'] as const).flatMap((driver) =>
  TOPOLOGIES.map((topology) => DRIVERS[driver](ADDRESSES[topology])),
)

afterAll(() => Promise.all(ports.map((port) => port.close())))

describe('the topologies', () => {
  it('have what the page has about them', () => {
    const rows = tableUnder(stores, '### Which topology has what')
    expect(rows.map((row) => row.map((cell) => cell.replaceAll('`', '')))).toEqual(ports.map(rowOf))
  })

  it('tell nobody when they are told not to', () => {
    for (const redis of ports)
      expect(redisStore({ redis, invalidation: 'none' }).traits.invalidation).toBe('none')
  })

  it('have the same behind a near cache, which is late', () => {
    for (const redis of ports) {
      const hot = redisStore({ redis, voters: 1 })
      const { traits } = tieredStore({ hot })
      expect(traits).toMatchObject({
        invalidation: hot.traits.invalidation,
        writeClasses: hot.traits.writeClasses,
        deviations: [{ rule: 'STORE-56' }],
      })
    }
  })

  it('lose a revocation in a failover where the page says so, and only there', () => {
    const rows = tableUnder(stores, '### Replicas and voters')
    const promised = rows
      .filter(([topology]) => topology !== 'one server, no replica')
      .map(([topology, voters, revocation]) => [topology, voters, revocation?.startsWith('holds')])
    const kept = [ports[0], ports[1]].flatMap((redis) =>
      ['0', 'all'].map((voters) => [
        redis?.traits.topology === 'single'
          ? 'one address, behind which something else fails over'
          : 'Sentinel or Cluster',
        voters,
        redis !== undefined && classesOf(redis, voters === '0' ? 0 : 1).includes('replicated'),
      ]),
    )
    expect(promised).toEqual(kept)
  })
})

function rowOf(redis: RedisPort): readonly string[] {
  const { driver, topology } = redis.traits
  const hears = redisStore({ redis }).traits.invalidation ?? 'none'
  const witness = redis.isNamedPrimary === undefined ? WITNESS.single : WITNESS[topology]
  return [driver, topology, hears, classesOf(redis, 0), classesOf(redis, 1), witness]
}

function classesOf(redis: RedisPort, voters: number): string {
  return redisStore({ redis, voters }).traits.writeClasses.join(', ')
}
