/** Rules about the answer to whether others name the server that is read from. */
import assert from 'node:assert/strict'
import type { RedisPort } from '../../stores/redis/port.ts'
import { answererOf, eventually, get, isAnswered, pauseFor, settled } from './acts.ts'
import { groupOfSentinels } from './group.ts'
import type { PortRule } from './rule.ts'

export const namingRules: readonly PortRule[] = [
  {
    id: 'PORT-22',
    rule: '`isNamedPrimary` is there where others than the server itself can know, and true while all is well.',
    prove: async ({ open, topology, key }) => {
      const port = await open()
      assert.equal(port.isNamedPrimary === undefined, topology === 'single')
      if (port.isNamedPrimary === undefined) return
      await isAnswered(port, key())
      for (const name of [key(), key(), key()]) await eventually('it is named', () => isNamed(port, name))
    },
  },
  {
    id: 'PORT-23',
    rule: 'It answers, and not with yes, while a majority of the Sentinels is silent.',
    because: 'a node on the wrong side of a cut asks exactly then',
    topologies: ['sentinel'],
    prove: async (world) => {
      const { open, key, group } = world
      const port = await open()
      await isAnswered(port, key())
      await eventually('it is named', () => isNamed(port, key()))
      for (const sentinel of group.sentinels.slice(1)) pauseFor(world, sentinel)
      for (let times = 0; times < 3; times++)
        assert.notEqual(await settled('the question', isNamed(port, key())), true)
      for (const sentinel of group.sentinels) sentinel.resume()
      await eventually('it is named again', () => isNamed(port, key()))
    },
  },
  {
    id: 'PORT-24',
    rule: 'Once a majority of the Sentinels names another primary, it is not yes while reads go to the one before.',
    because: 'a deposed primary keeps answering reads for ever',
    topologies: ['sentinel'],
    prove: async ({ servers, open, key }) => {
      const sentinels = await servers.startSentinel({})
      const group = groupOfSentinels(sentinels)
      const port = await open(group.target)
      await isAnswered(port, key())
      const deposed = sentinels.primary
      // It cannot be told that it is deposed, and goes on answering those who are connected.
      await deposed.cli('ACL', 'SETUSER', 'operator', '-replicaof', '-slaveof')
      await group.replace('')
      await eventually('it is yes', async () => {
        const isYes = await isNamed(port, key())
        if (isYes) assert.notEqual(await answererOf(port, key()), deposed.port)
        return isYes
      })
    },
  },
  {
    id: 'PORT-25',
    rule: 'After a replica took over, it is yes only where reads go there.',
    topologies: ['sentinel', 'cluster'],
    prove: async ({ open, key, group }) => {
      const port = await open()
      const name = key()
      await isAnswered(port, name)
      await group.replace(name)
      const primary = await group.primaryOf(name)
      await eventually('it is yes', async () => {
        const isYes = await isNamed(port, name)
        if (isYes) assert.equal(await answererOf(port, name), primary.port)
        return isYes
      })
    },
  },
  {
    id: 'PORT-26',
    rule: '`watchRouting` tells before another server than before answers; ended, it tells nothing more.',
    because: 'what is known about one server is no proof of what another one reads',
    topologies: ['sentinel', 'cluster'],
    prove: async ({ open, key, group }) => {
      const port = await open()
      const name = key()
      await isAnswered(port, name)
      let [told, toldTheEnded] = [0, 0]
      port.watchRouting?.(() => toldTheEnded++)()
      const end = port.watchRouting?.(() => told++)
      assert.ok(end, 'the port has a `watchRouting`')
      const before = { told, answerer: await answererOf(port, name) }
      await group.replace(name)
      await eventually('the successor answers', async () => {
        // Only what names a key is told by the wrong server where to go.
        await get(port, name)
        const answerer = await answererOf(port, name)
        if (answerer !== before.answerer) assert.ok(told > before.told, 'told before it answered')
        return answerer !== before.answerer
      })
      end()
      assert.equal(toldTheEnded, 0)
    },
  },
]

async function isNamed(port: RedisPort, key: string): Promise<boolean> {
  const isYes = await port.isNamedPrimary?.(key)
  assert.notEqual(isYes, undefined, 'the port has an `isNamedPrimary`')
  return isYes === true
}
