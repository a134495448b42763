/** The servers of a topology, in the same words for all three: what most rules need to know of it. */
import assert from 'node:assert/strict'
import type { PortTraits } from '../../stores/redis/port.ts'
import { eventually } from './acts.ts'
import type { PortCluster, PortGroup, PortSentinels, PortServers } from './rule.ts'

export async function startGroup(topology: PortTraits['topology'], servers: PortServers): Promise<PortGroup> {
  if (topology === 'sentinel') return groupOfSentinels(await servers.startSentinel({}))
  if (topology === 'cluster') return groupOfCluster(await servers.startCluster({ replicas: 1 }))
  return startPair(servers)
}

async function startPair({ startRedis }: PortServers): Promise<PortGroup> {
  const primary = await startRedis({})
  const replica = await startRedis({ replicaOf: primary }).catch(async (error: unknown) => {
    await primary.stop()
    throw error
  })
  return {
    target: { url: primary.url },
    nodes: [primary, replica],
    sentinels: [],
    replicas: 1,
    primaryOf: async () => primary,
    replace: () => Promise.reject(new Error('A single server has nobody in its place.')),
    async stop() {
      await Promise.all([primary.stop(), replica.stop()])
    },
  }
}

export function groupOfSentinels(group: PortSentinels): PortGroup {
  const { name, sentinels, primary, replicas, currentPrimary, stop } = group
  return {
    target: { name, sentinels: sentinels.map(({ host, port }) => ({ host, port })) },
    nodes: [primary, ...replicas],
    sentinels,
    replicas: replicas.length,
    primaryOf: currentPrimary,
    replace: () => replacePrimary(group),
    stop,
  }
}

export function groupOfCluster(cluster: PortCluster): PortGroup {
  const { urls, nodes, slotOf, primaryOf, stop } = cluster
  return {
    target: { cluster: urls },
    nodes,
    sentinels: [],
    replicas: 1,
    cluster,
    primaryOf: async (key) => primaryOf(await slotOf(key)),
    replace: async (key) => replaceNode(cluster, await slotOf(key)),
    stop,
  }
}

/** They refuse while the last one is not over, and give up for good what takes them too long: then they are asked again. */
async function replacePrimary({ name, sentinels, currentPrimary }: PortSentinels): Promise<void> {
  const before = await currentPrimary()
  await eventually('another primary is named', async () => {
    const named = await sentinels[0]?.cli('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name)
    if (named?.includes(String(before.port))) await sentinels[0]?.cli('SENTINEL', 'FAILOVER', name)
    return (await currentPrimary()) !== before
  })
}

async function replaceNode({ nodes, primaryOf, whole }: PortCluster, slot: number): Promise<void> {
  const before = await primaryOf(slot)
  const [, port] = /slave0:ip=[^,]*,port=(\d+)/.exec(await before.cli('INFO', 'replication')) ?? []
  const replica = nodes.find((node) => node.port === Number(port))
  assert.ok(replica, 'the primary has a replica')
  await replica.cli('CLUSTER', 'FAILOVER')
  await eventually('the replica has taken over', async () => (await primaryOf(slot)) === replica)
  await whole()
}
