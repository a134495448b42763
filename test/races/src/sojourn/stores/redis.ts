/**
 * Redis: one server or a cluster of three, alone or as what is behind the copies of each process (`application.ts` keeps
 * those). Two adapters, one for each driver; with copies it is the other way round.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Environment, SessionStore } from 'sojourn'
import { redisStore } from 'sojourn/stores/redis'
import { ioRedis } from 'sojourn/stores/redis/ioredis'
import { nodeRedis } from 'sojourn/stores/redis/node-redis'
import { clusterOfThree, singleServer } from '../../servers.ts'
import type { Place } from '../../system.ts'
import type { StoreUnderTest } from '../store-under-test.ts'
import { redisReader } from './redis-reader.ts'

type Port = typeof ioRedis | typeof nodeRedis
type Drivers = Readonly<Record<string, Port>>

const DRIVERS: Drivers = { node: nodeRedis, fastify: ioRedis }
const DRIVERS_WITH_COPIES: Drivers = { node: ioRedis, fastify: nodeRedis }
/** What a cluster is asked about itself. */
const CLUSTER = ['cluster|slots', 'cluster|myid', 'cluster|nodes']
/** What a new connection begins with. */
const CONNECTING = ['client|setname', 'client|setinfo', 'client|tracking', 'subscribe', 'ssubscribe']
const ALL = {
  processes: 3,
  adapters: Object.keys(DRIVERS),
  reader: redisReader,
  // Rosters and documents are hashes: none of these can read or write one.
  clockwork: ['ping', 'set', 'get', ...CLUSTER, ...CONNECTING],
} as const
/** The longest that a copy is used, unless the application asks for less. */
const LEASE_MS = 5_000

export const redis: StoreUnderTest = {
  ...ALL,
  name: 'redis',
  servers: singleServer,
  open: (place, environment) => single(place, { drivers: DRIVERS, environment }),
}

export const redisNear: StoreUnderTest = {
  ...redis,
  name: 'redis-near',
  leaseMs: LEASE_MS,
  open: (place, environment) => single(place, { drivers: DRIVERS_WITH_COPIES, environment }),
}

export const redisCluster: StoreUnderTest = {
  ...ALL,
  name: 'redis-cluster',
  servers: clusterOfThree,
  open: (place, environment) => cluster(place, { drivers: DRIVERS, environment }),
}

export const redisClusterNear: StoreUnderTest = {
  ...redisCluster,
  name: 'redis-cluster-near',
  leaseMs: LEASE_MS,
  open: (place, environment) => cluster(place, { drivers: DRIVERS_WITH_COPIES, environment }),
}

interface Opening {
  readonly drivers: Drivers
  readonly environment: Environment
}

function single(
  { adapter, urls: [url = ''] }: Place,
  { drivers, environment }: Opening,
): Promise<SessionStore> {
  return answering(redisStore({ redis: portFor(drivers, adapter)({ url }), environment }))
}

function cluster({ adapter, urls }: Place, { drivers, environment }: Opening): Promise<SessionStore> {
  return answering(redisStore({ redis: portFor(drivers, adapter)({ cluster: urls }), environment }))
}

function portFor(drivers: Drivers, adapter: string): Port {
  const port = drivers[adapter]
  if (port === undefined) throw new Error(`No driver is raced under the adapter "${adapter}".`)
  return port
}

/** A port that has no connection yet rejects. */
async function answering(store: SessionStore): Promise<SessionStore> {
  while (
    !(await store.ping().then(
      () => true,
      () => false,
    ))
  )
    await delay(10)
  return store
}
