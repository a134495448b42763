/** Rules about connections that are not there, or die: what was sent, what was not, and how it goes on. */
import assert from 'node:assert/strict'
import { systemEnvironment } from '../../environment/system.ts'
import type { RedisPort } from '../../stores/redis/port.ts'
import {
  countingJitter,
  eventually,
  get,
  increment,
  isAnswered,
  openLinked,
  rejectionOf,
  set,
  settled,
  textOf,
  urlOf,
} from './acts.ts'
import { groupOfSentinels } from './group.ts'
import type { PortRule } from './rule.ts'

const MANY = 50
/** More than the number after which drivers give up unless they are told otherwise. */
const ATTEMPTS = 12

export const connectionRules: readonly PortRule[] = [
  {
    id: 'PORT-27',
    rule: 'While there is no connection, calls are rejected and never sent later.',
    because:
      'a write that waits in a queue ends or revives a session long after everybody was told otherwise',
    topologies: ['single'],
    prove: async ({ servers, open, key }) => {
      const server = await servers.startRedis({ appendonly: true })
      const port = await open({ url: server.url })
      const name = key()
      await isAnswered(port, name)
      await server.kill()
      const calls = Array.from({ length: MANY }, () => increment(port, name))
      const options = { key: name, replicas: 0, timeoutMs: 0 }
      calls.push(port.writeAndWait(['INCR', name], options).then(({ reply }) => reply))
      await Promise.all(calls.map((call) => rejectionOf('a call without a connection', call)))
      await server.restart()
      await assertStays(port, name, null)
    },
  },
  {
    id: 'PORT-28',
    rule: 'A call that is under way when the connection dies is rejected, and not repeated.',
    topologies: ['single'],
    prove: async ({ servers, open, key }) => {
      const server = await servers.startRedis({ appendonly: true })
      const port = await open({ url: server.url })
      const name = key()
      await isAnswered(port, name)
      server.pause()
      const calls = Array.from({ length: MANY }, () => increment(port, name))
      const rejections = calls.map((call) => rejectionOf('a call under way', call))
      await server.kill()
      await Promise.all(rejections)
      await server.restart()
      await assertStays(port, name, null)
    },
  },
  {
    id: 'PORT-29',
    rule: 'Half a reply is none: the call is rejected, not repeated, and the next one is well.',
    topologies: ['single'],
    prove: async (world) => {
      const name = world.key()
      const { port, link } = await openLinked(world, await world.group.primaryOf(name))
      await set(port, name, '777776')
      const cut = link.cutAt('answer', ':777777')
      const rejected = rejectionOf('a call with half a reply', increment(port, name))
      await Promise.all([cut, rejected])
      await assertStays(port, name, '777777')
      const half = link.cutAt('answer', '777777')
      await Promise.all([half, rejectionOf('a call with half a value', get(port, name))])
      await isAnswered(port, name)
      assert.equal(textOf(await get(port, name)), '777777')
    },
  },
  {
    id: 'PORT-30',
    rule: 'A connection that has gone silent is found without anybody calling, and replaced.',
    because: 'a firewall that forgot a connection says nothing, and TCP itself takes a quarter of an hour',
    topologies: ['single'],
    prove: async (world) => {
      const name = world.key()
      const { port, link } = await openLinked(world, await world.group.primaryOf(name))
      for (let times = 0; times < 2; times++) {
        const before = link.attempts()
        link.swallow()
        await eventually('it connects anew', () => link.attempts() > before)
        await isAnswered(port, name)
      }
    },
  },
  {
    id: 'PORT-31',
    rule: 'A call on a connection that has gone silent is rejected, and not repeated.',
    topologies: ['single'],
    prove: async (world) => {
      const name = world.key()
      const { port, link } = await openLinked(world, await world.group.primaryOf(name))
      link.swallow()
      await rejectionOf('a call into silence', increment(port, name))
      await assertStays(port, name, null)
    },
  },
  {
    id: 'PORT-32',
    rule: 'A silent connection of the writes that wait is found and replaced, too.',
    topologies: ['single'],
    prove: async (world) => {
      const name = world.key()
      const { port, link } = await openLinked(world, await world.group.primaryOf(name))
      const write = (): Promise<unknown> =>
        port.writeAndWait(['INCR', name], { key: name, replicas: 0, timeoutMs: 1 })
      await eventually('a write is confirmed', async () => Boolean(await write()))
      link.swallow()
      await settled('a write into silence', write())
      await eventually('a write is confirmed', async () => Boolean(await write()))
    },
  },
  {
    id: 'PORT-33',
    rule: 'It tries to connect again for ever, after pauses with jitter.',
    because: 'a server that comes back is not met by all its clients at once',
    topologies: ['single'],
    prove: async ({ servers, open, group, key }) => {
      const link = await servers.startLink((await group.primaryOf(key())).port)
      const environment = countingJitter(systemEnvironment)
      const port = await open({ url: urlOf(link) }, environment)
      await isAnswered(port, key())
      link.refuse()
      const before = { attempts: link.attempts(), asked: environment.asked() }
      await eventually('it tries often', () => link.attempts() >= before.attempts + ATTEMPTS)
      assert.ok(environment.asked() - before.asked >= ATTEMPTS - 1, 'each pause has jitter')
      await rejectionOf('a call meanwhile', get(port, key()))
      link.accept()
      await isAnswered(port, key())
    },
  },
  {
    id: 'PORT-34',
    rule: 'A first connection that fails is tried again, too.',
    because: 'an application that starts before its Redis need not be started again',
    topologies: ['single'],
    prove: async ({ servers, open, group, key }) => {
      const link = await servers.startLink((await group.primaryOf(key())).port)
      link.refuse()
      const opening = open({ url: urlOf(link) })
      await eventually('it tries again', () => link.attempts() >= 3)
      link.accept()
      await isAnswered(await opening, key())
    },
  },
  {
    id: 'PORT-35',
    rule: 'When Sentinels replace a primary that is gone, calls are rejected until there is another, and none is repeated.',
    topologies: ['sentinel'],
    prove: async ({ servers, open, key }) => {
      const sentinels = await servers.startSentinel({})
      const group = groupOfSentinels(sentinels)
      const port = await open(group.target)
      await isAnswered(port, key())
      const before = await group.primaryOf('')
      await before.kill()
      const written: string[] = []
      await eventually('a write lands at the next primary', async () => {
        const name = key()
        written.push(name)
        await increment(port, name)
        return (await (await group.primaryOf(name)).cli('GET', name)) === '1'
      })
      const primary = await group.primaryOf('')
      assert.notEqual(primary, before)
      for (const name of written) assert.match(await primary.cli('GET', name), /^1?$/)
    },
  },
  {
    id: 'PORT-36',
    rule: 'A primary that was made a replica is left: calls that it answers with READONLY are rejected, later ones go to its successor.',
    topologies: ['sentinel'],
    prove: async ({ open, key, group }) => {
      const port = await open()
      await isAnswered(port, key())
      await group.replace('')
      await eventually('a write lands there', async () => {
        const name = key()
        await increment(port, name)
        return (await (await group.primaryOf(name)).cli('GET', name)) === '1'
      })
    },
  },
]

/** What would be sent later is sent as soon as there is a connection, so it would be seen by one of many reads. */
async function assertStays(port: RedisPort, key: string, value: string | null): Promise<void> {
  await isAnswered(port, key)
  for (let times = 0; times < MANY; times++)
    assert.equal((await get(port, key))?.toString() ?? null, value, 'nothing was sent later')
}
