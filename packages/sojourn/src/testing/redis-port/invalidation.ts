/** Rules about being told of changes. Each runs by the means that `traits.invalidation` names. */
import assert from 'node:assert/strict'
import type { RedisPort } from '../../stores/redis/port.ts'
import { closeAllConnections, eventually, get, isAnswered, openLinked, textOf } from './acts.ts'
import type { PortRule, PortServer, PortWorld } from './rule.ts'

const ROUNDS = 30

export const invalidationRules: readonly PortRule[] = [
  {
    id: 'PORT-15',
    rule: 'The traits name the topology, and there is a `subscribe` unless they say that nothing is told.',
    prove: async ({ open, topology }) => {
      const port = await open()
      const { traits } = port
      assert.equal(traits.topology, topology)
      assert.equal(port.subscribe === undefined, traits.invalidation === 'none')
      assert.notEqual(traits.driver, '')
    },
  },
  {
    id: 'PORT-16',
    rule: 'A change that somebody else made to a key that was read is told by its name.',
    prove: async (world) => {
      const listener = await listening(world, await world.open())
      if (listener === undefined) return
      await listener.isTold()
      assert.deepEqual([...new Set(listener.told)], [listener.key])
    },
  },
  {
    id: 'PORT-17',
    rule: 'Pushed on the connection of the reads, a change is told before the reply of any read that sees it.',
    because: 'a copy that is filled after the change was told, with a reply from before it, stays',
    prove: async (world) => {
      const port = await world.open()
      const listener = await listening(world, port)
      if (listener === undefined || port.traits.invalidation !== 'push') return
      const { key, told } = listener
      await listener.isTold()
      for (let round = 1; round <= ROUNDS; round++) {
        await get(port, key)
        const before = told.length
        await listener.change(`round ${round}`)
        assert.equal(textOf(await get(port, key)), `round ${round}`)
        assert.ok(told.length > before, 'told before the new value was answered')
      }
    },
  },
  {
    id: 'PORT-18',
    rule: 'After the connection was lost `onLost` is called, and changes are told again.',
    prove: async (world) => {
      const port = await world.open()
      const listener = await listening(world, port)
      if (listener === undefined) return
      await listener.isTold()
      for (let times = 0; times < 3; times++) {
        const before = listener.lost()
        await closeAllConnections(world.group)
        await eventually('the loss is told', () => listener.lost() > before)
        await listener.isTold()
      }
    },
  },
  {
    id: 'PORT-19',
    rule: 'Whenever the connection is lost: each change to a key that was read is told, or followed by `onLost`.',
    because: 'a copy that hears of neither is served until its lease ends',
    prove: async (world) => {
      const port = await world.open()
      const listener = await listening(world, port)
      if (listener === undefined) return
      await listener.isTold()
      for (let round = 0; round < ROUNDS; round++) {
        await isAnswered(port, listener.key)
        const before = { told: listener.told.length, lost: listener.lost() }
        const closing = round % 3 === 0 ? closeAllConnections(world.group) : undefined
        if (round % 2 === 0) await closing
        await Promise.all([listener.change(`round ${round}`), closing])
        await eventually(
          'the change is told or the connection lost',
          () => listener.told.length > before.told || listener.lost() > before.lost,
        )
      }
    },
  },
  {
    id: 'PORT-20',
    rule: 'Once it is ended, a subscription tells nothing more.',
    prove: async (world) => {
      const port = await world.open()
      const [ended, other] = [await listening(world, port), await listening(world, await world.open())]
      if (ended === undefined || other === undefined) return
      await ended.isTold()
      ended.end()
      const before = { told: ended.told.length, lost: ended.lost() }
      await isAnswered(port, ended.key)
      await ended.change('unheard')
      await closeAllConnections(world.group)
      await other.isTold()
      await isAnswered(port, ended.key)
      assert.deepEqual({ told: ended.told.length, lost: ended.lost() }, before)
    },
  },
  {
    id: 'PORT-21',
    rule: 'A silent connection, over which nothing would be told any more, is found: `onLost` is called.',
    topologies: ['single'],
    prove: async (world) => {
      const { port, link } = await openLinked(world, await world.group.primaryOf(world.key()))
      const listener = await listening(world, port)
      if (listener === undefined) return
      await listener.isTold()
      const before = listener.lost()
      link.swallow()
      await eventually('the loss is told', () => listener.lost() > before)
      await listener.isTold()
    },
  },
]

interface Listener {
  readonly key: string
  readonly told: readonly string[]
  readonly lost: () => number
  /** By another connection, as the commit script does it. */
  readonly change: (value: string) => Promise<void>
  /** Reads the key and changes it until that is told: at first there may be no connection. */
  readonly isTold: () => Promise<void>
  readonly end: () => void
}

/** Nothing where the port declares that it tells nothing. */
async function listening(world: PortWorld, port: RedisPort): Promise<Listener | undefined> {
  if (port.traits.invalidation === 'none') return undefined
  const key = world.key()
  const channel = `${key}:changes`
  const told: string[] = []
  let lost = 0
  const end = port.subscribe?.({
    channels: [channel],
    onChanged: (changed) => told.push(changed),
    onLost: () => lost++,
  })
  assert.ok(end, 'the port has a `subscribe`')
  world.afterwards(end)
  const change = async (value: string): Promise<void> => {
    const server = await world.group.primaryOf(key)
    await changeAndPublish({ server, key, channel, value, isCluster: world.topology === 'cluster' })
  }
  return {
    key,
    told,
    lost: () => lost,
    change,
    end,
    isTold: () =>
      eventually('a change is told', async () => {
        const before = told.length
        await get(port, key)
        await change('something')
        // What is told about this change is told before a reply that comes this much later.
        for (let times = 0; times < 5 && told.length === before; times++) await get(port, key)
        return told.length > before
      }),
  }
}

interface Change {
  readonly server: PortServer
  readonly key: string
  readonly channel: string
  readonly value: string
  readonly isCluster: boolean
}

async function changeAndPublish({ server, key, channel, value, isCluster }: Change): Promise<void> {
  const publish = isCluster ? 'SPUBLISH' : 'PUBLISH'
  const script = `redis.call('SET', KEYS[1], ARGV[1]) redis.call('${publish}', ARGV[2], KEYS[1])`
  await server.cli('EVAL', script, '1', key, value, channel)
}
