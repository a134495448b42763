/**
 * A cluster of three primaries, each with a replica that votes, every node at an address of its own, and applications at
 * theirs: some that will be cut off together with one primary, one that stays with the others.
 */
import { type RedisCluster, type RedisServer, startCluster } from '../../../programs/index.ts'
import { type Application, type ApplicationOptions, DRIVERS, type Driver, type Held } from '../application.ts'
import type { Lab } from '../case.ts'
import { createCuts, type Cuts } from '../namespaces.ts'
import { pick } from '../random.ts'
import { started } from './applications.ts'
import { fenceOf } from './fence.ts'

export interface ClusterGround {
  readonly cluster: RedisCluster
  /** One of each driver. */
  readonly here: readonly Application[]
  readonly there: Application
  readonly cuts: Cuts
  /** The primary that the applications `here` are beside. */
  readonly beside: RedisServer
  /** Its address and those of `here`. */
  readonly minority: readonly string[]
  readonly majority: readonly string[]
}

/** The primaries, then a replica for each. */
const NODES = ['127.0.3.1', '127.0.3.2', '127.0.3.3', '127.0.3.11', '127.0.3.12', '127.0.3.13'] as const
const HERE: Readonly<Record<Driver, string>> = { 'node-redis': '127.0.4.1', ioredis: '127.0.4.2' }
const THERE = '127.0.4.3'
const VOTERS = 1

export async function startClusterGround(
  lab: Lab,
  { sessions = {} }: Pick<ApplicationOptions, 'sessions'> = {},
): Promise<ClusterGround> {
  const cuts = createCuts()
  // Or else all of it stops when some slots are served by nobody.
  const config = ['cluster-require-full-coverage no']
  const cluster = await startCluster({ replicas: 1, hosts: NODES, config })
  lab.clean(cluster.stop)
  lab.clean(cuts.heal)
  const fence = fenceOf(lab)
  const redis = { cluster: cluster.urls }
  const shared = {
    store: { voters: lab.broken ? 0 : VOTERS, fence },
    near: { lease: fence },
    sessions,
    redis,
  } as const
  const [there, ...here] = await Promise.all([
    started(lab, { ...shared, name: 'there', driver: pick(DRIVERS, lab.seed), localAddress: THERE }),
    ...DRIVERS.map((driver) =>
      started(lab, { ...shared, name: `here-${driver}`, driver, localAddress: HERE[driver] }),
    ),
  ])
  const [, beside] = cluster.nodes as readonly [RedisServer, RedisServer]
  return {
    cluster,
    here,
    there,
    cuts,
    beside,
    minority: [beside.host, ...Object.values(HERE)],
    majority: [...NODES.filter((address) => address !== beside.host), THERE],
  }
}

/** Those whose rosters the server has; a roster's key begins the id of its sessions. */
export async function sessionsAt(server: RedisServer, among: readonly Held[]): Promise<readonly Held[]> {
  const keys = (await server.cli('KEYS', 'sojourn:{*}:????????????????')).split('\n')
  const rosters = new Set(keys.map((key) => key.slice(-16)))
  return among.filter(({ session }) => rosters.has(session.slice(0, 16)))
}
