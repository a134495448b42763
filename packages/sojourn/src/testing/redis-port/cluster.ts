/** Rules about clusters: slots that move, nodes that are gone. */
import assert from 'node:assert/strict'
import type { Reply } from '../../stores/redis/port.ts'
import {
  eventually,
  get,
  increment,
  isAnswered,
  rejectionOf,
  replicasOf,
  set,
  settled,
  textOf,
} from './acts.ts'
import { groupOfCluster } from './group.ts'
import type { PortCluster, PortMigration, PortRule, PortServer, PortWorld } from './rule.ts'

const CLUSTER = { topologies: ['cluster'] } as const

export const clusterRules: readonly PortRule[] = [
  {
    id: 'PORT-46',
    ...CLUSTER,
    rule: 'When a slot has moved, a call follows it (MOVED), and is done once.',
    prove: async ({ open, key, group }) => {
      const cluster = clusterOf(group)
      const port = await open()
      const name = key()
      await isAnswered(port, name)
      await increment(port, name)
      const slot = await cluster.slotOf(name)
      for (const [times, target] of (await othersThan(slot, cluster)).entries()) {
        await cluster.migrate(slot, target)
        const calls = Array.from({ length: 10 }, () => increment(port, name))
        assert.deepEqual(
          (await Promise.all(calls)).toSorted((a, b) => Number(a) - Number(b)),
          Array.from(calls, (_, index) => times * calls.length + index + 2),
        )
      }
    },
  },
  {
    id: 'PORT-47',
    ...CLUSTER,
    rule: 'While a slot moves, a call follows its key (ASK), and later calls find it where it is.',
    prove: async (world) => {
      const { open, key } = world
      const port = await open()
      const moved = key()
      const [left, absent] = [key(moved), key(moved)]
      await isAnswered(port, moved)
      await set(port, moved, 'moved')
      await set(port, left, 'left')
      const migration = await begun(world, moved)
      await migration.moveKeys(moved)
      for (let times = 0; times < 2; times++) {
        assert.equal(textOf(await get(port, moved)), 'moved')
        assert.equal(textOf(await get(port, left)), 'left')
        assert.equal(await get(port, absent), null)
      }
      assert.equal(await increment(port, absent), 1)
      await migration.moveKeys()
      await migration.finish()
      assert.equal(textOf(await get(port, left)), 'left')
      assert.equal(textOf(await get(port, absent)), '1')
    },
  },
  {
    id: 'PORT-48',
    ...CLUSTER,
    rule: 'A call for keys of which some have moved and some have not is rejected with TRYAGAIN.',
    because: 'whoever asked has a deadline and decides whether to ask again',
    prove: async (world) => {
      const { open, key } = world
      const port = await open()
      const moved = key()
      const left = key(moved)
      await isAnswered(port, moved)
      await set(port, moved, 'moved')
      await set(port, left, 'left')
      const migration = await begun(world, moved)
      await migration.moveKeys(moved)
      const read = (): Promise<Reply> => port.command(['MGET', moved, left], { key: moved, readonly: true })
      assert.match((await rejectionOf('a call for both', read())).message, /^TRYAGAIN /)
      await migration.moveKeys()
      await migration.finish()
      assert.deepEqual(await read(), [Buffer.from('moved'), Buffer.from('left')])
    },
  },
  {
    id: 'PORT-49',
    ...CLUSTER,
    rule: 'A write that waits and whose slot has moved is rejected, or counts the replicas of the node where it is now.',
    because: 'the node before has replicas, too, and they have nothing of this write',
    prove: async (world) => {
      const { open, key, group } = world
      const cluster = clusterOf(group)
      const port = await open()
      const name = key()
      await isAnswered(port, name)
      const options = { key: name, replicas: 1, timeoutMs: 100 }
      await replicasOf(name, group)
      await eventually('a write is confirmed', async () =>
        Boolean((await port.writeAndWait(['SET', name, '0'], options)).replicas),
      )
      const slot = await cluster.slotOf(name)
      const [target] = await othersThan(slot, cluster)
      await cluster.migrate(slot, target as PortServer)
      const [replica] = await replicasOf(name, group)
      assert.ok(replica)
      replica.pause()
      world.afterwards(() => replica.resume())
      await eventually('the write finds its node', async () => {
        const answer = await port.writeAndWait(['INCR', name], options)
        assert.deepEqual(answer, { reply: 1, replicas: 0 })
        return true
      })
      replica.resume()
      assert.equal(textOf(await get(port, name)), '1')
    },
  },
  {
    id: 'PORT-50',
    ...CLUSTER,
    rule: 'When a replica takes the place of a node that is gone, calls are rejected until then, and none is repeated.',
    prove: async ({ servers, open, key }) => {
      const group = groupOfCluster(await servers.startCluster({ replicas: 1 }))
      const port = await open(group.target)
      const first = key()
      await isAnswered(port, first)
      const before = await group.primaryOf(first)
      await replicasOf(first, group)
      await before.kill()
      const written: string[] = []
      await eventually('a write lands at the next node', async () => {
        const name = key(first)
        written.push(name)
        return Number(await increment(port, name)) === 1
      })
      for (const name of written) assert.match(textOf((await get(port, name)) ?? ''), /^1?$/)
    },
  },
  {
    id: 'PORT-51',
    ...CLUSTER,
    rule: 'While the cluster is down, calls are rejected with CLUSTERDOWN; when it is whole again they are answered.',
    prove: async ({ servers, open, key }) => {
      const cluster = await servers.startCluster({ replicas: 0, appendonly: true })
      const group = groupOfCluster(cluster)
      const port = await open(group.target)
      const name = key()
      await isAnswered(port, name)
      const alive = await group.primaryOf(name)
      const gone = cluster.nodes.find((node) => node !== alive)
      assert.ok(gone)
      await gone.kill()
      await eventually('it says so', async () => {
        const answer = await settled('a call', get(port, name))
        return answer instanceof Error && answer.message.startsWith('CLUSTERDOWN ')
      })
      await gone.restart()
      await cluster.whole()
      await isAnswered(port, name)
    },
  },
]

function clusterOf({ cluster }: PortWorld['group']): PortCluster {
  assert.ok(cluster, 'there is a cluster')
  return cluster
}

/** All primaries but the one that has the slot, which comes last. */
async function othersThan(slot: number, { nodes, primaryOf }: PortCluster): Promise<readonly PortServer[]> {
  const owner = await primaryOf(slot)
  const roles = await Promise.all(nodes.map((node) => node.cli('ROLE')))
  const primaries = nodes.filter((_, index) => roles[index]?.startsWith('master'))
  return [...primaries.filter((node) => node !== owner), owner]
}

async function begun({ group }: PortWorld, key: string): Promise<PortMigration> {
  const cluster = clusterOf(group)
  const slot = await cluster.slotOf(key)
  const [target] = await othersThan(slot, cluster)
  return cluster.beginMigration(slot, target as PortServer)
}
