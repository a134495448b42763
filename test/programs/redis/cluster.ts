/** A Redis Cluster on loopback, whose slots can be moved one step at a time. */
import { areWhole, haveMet, ownerOf, SLOTS } from './cluster-view.ts'
import { orStopped, startAll, stopAll } from './group.ts'
import { type RedisServer, startRedisProcess, until } from './process.ts'
import { beginMigration, type Migration } from './migration.ts'
import { dataConfig, isInStep, type RedisOptions } from './server.ts'

export interface ClusterOptions extends Pick<RedisOptions, 'config' | 'users' | 'appendonly'> {
  /** Default 3. */
  readonly primaries?: number
  /** For each primary. Default 0. */
  readonly replicas?: 0 | 1
  /** Of loopback, one for each node in their order. Default 127.0.0.1 for all. */
  readonly hosts?: readonly string[]
}

export interface RedisCluster {
  /** The primaries first, then a replica for each of them in the same order. */
  readonly nodes: readonly RedisServer[]
  readonly urls: readonly string[]
  readonly slotOf: (key: string) => Promise<number>
  /** Who serves the slot now, as most nodes that answer see it. */
  readonly primaryOf: (slot: number) => Promise<RedisServer>
  /** Moves it with all its keys. Until then clients are told `MOVED` by the wrong node. */
  readonly migrate: (slot: number, to: RedisServer) => Promise<void>
  /** The same in steps: what has moved is `ASK` at the old node, what is half here and half there `TRYAGAIN`. */
  readonly beginMigration: (slot: number, to: RedisServer) => Promise<Migration>
  /** Resolves when every node takes the cluster for whole: after a restart, a failover. */
  readonly whole: () => Promise<void>
  readonly stop: () => Promise<void>
}

/** Resolves when every node knows all the others and takes the cluster for whole: after about three seconds. */
export async function startCluster(options: ClusterOptions = {}): Promise<RedisCluster> {
  const { primaries = 3, replicas = 0, hosts = [], ...data } = options
  const count = primaries * (1 + replicas)
  const nodes = await startAll(Array.from({ length: count }, (_, index) => startNode(data, hosts[index])))
  const whole = (): Promise<void> => until('all nodes see the whole cluster', () => areWhole(nodes))
  await orStopped(nodes, async () => {
    await assignSlots(nodes.slice(0, primaries))
    await meet(nodes)
    await replicate(nodes, primaries)
    await whole()
  })
  const primaryOf = (slot: number): Promise<RedisServer> => ownerOf(slot, nodes)
  const begin = async (slot: number, to: RedisServer): Promise<Migration> =>
    beginMigration({ slot, from: await primaryOf(slot), to, nodes })
  return {
    nodes,
    urls: nodes.map(({ url }) => url),
    slotOf: async (key) => Number(await (nodes[0] as RedisServer).cli('CLUSTER', 'KEYSLOT', key)),
    primaryOf,
    beginMigration: begin,
    async migrate(slot, to) {
      const migration = await begin(slot, to)
      await migration.moveKeys()
      await migration.finish()
    },
    whole,
    stop: () => stopAll(nodes),
  }
}

function startNode(data: RedisOptions, host?: string): Promise<RedisServer> {
  return startRedisProcess({
    ...(host === undefined ? {} : { host }),
    ports: 2,
    config: ({ ports: [port, bus] }) => [
      `port ${port}`,
      'cluster-enabled yes',
      `cluster-port ${bus}`,
      'cluster-node-timeout 1000',
      'cluster-replica-validity-factor 0',
      'cluster-allow-replica-migration no',
      ...dataConfig(data),
    ],
  })
}

/** Epochs of their own: nodes that claim the same one would settle that first. */
async function assignSlots(primaries: readonly RedisServer[]): Promise<void> {
  const border = (index: number): number => Math.floor((index * SLOTS) / primaries.length)
  const assign = async (node: RedisServer, index: number): Promise<void> => {
    await node.cli('CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1))
    await node.cli('CLUSTER', 'ADDSLOTSRANGE', String(border(index)), String(border(index + 1) - 1))
  }
  await Promise.all(primaries.map(assign))
}

/** Each with each, so that nobody waits for gossip. */
async function meet(nodes: readonly RedisServer[]): Promise<void> {
  const pairs = nodes.flatMap((node, index) => nodes.slice(index + 1).map((other) => ({ node, other })))
  await Promise.all(
    pairs.map(({ node, other: { host, port, ports } }) =>
      node.cli('CLUSTER', 'MEET', host, String(port), String(ports[1])),
    ),
  )
  await until('all nodes have met', () => haveMet(nodes))
}

async function replicate(nodes: readonly RedisServer[], primaries: number): Promise<void> {
  const attach = async (replica: RedisServer, index: number): Promise<void> => {
    const id = await (nodes[index] as RedisServer).cli('CLUSTER', 'MYID')
    await replica.cli('CLUSTER', 'REPLICATE', id)
    await until('the replica is in step', () => isInStep(replica))
  }
  await Promise.all(nodes.slice(primaries).map(attach))
}
