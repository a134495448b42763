/** Rules about writes that wait for replicas. */
import assert from 'node:assert/strict'
import type { Acknowledged, RedisPort } from '../../stores/redis/port.ts'
import {
  eventually,
  get,
  isAnswered,
  openLinked,
  pauseFor,
  rejectionOf,
  replicasOf,
  set,
  settled,
  textOf,
} from './acts.ts'
import type { PortGroup, PortRule } from './rule.ts'

/** Long enough that whoever waits for it in vain is seen by what happened meanwhile. */
const LONG_MS = 60_000
const SHORT_MS = 100

export const waitRules: readonly PortRule[] = [
  {
    id: 'PORT-08',
    rule: '`writeAndWait` answers with the reply of the write and the number of replicas that have it.',
    prove: async ({ open, key, group }) => {
      const port = await open()
      const name = key()
      await replicasOf(name, group)
      const { reply, replicas } = await acknowledged(port, name, group.replicas)
      assert.equal(reply, 1)
      assert.equal(replicas, group.replicas)
      for (const replica of await replicasOf(name, group)) assert.equal(await replica.cli('KEYS', name), name)
    },
  },
  {
    id: 'PORT-09',
    rule: 'A replica that is silent is not counted, whatever it had before: `WAIT` answers for this write.',
    because: 'a WAIT on a connection that wrote nothing counts replicas that have nothing',
    prove: async (world) => {
      const { open, key, group } = world
      const port = await open()
      const name = key()
      const [replica] = await replicasOf(name, group)
      assert.ok(replica)
      await acknowledged(port, name, group.replicas)
      // So that whoever asks about what was before the next write is told that all have it. Sentinels never stop writing.
      if (group.sentinels.length === 0)
        await eventually('everything is confirmed', () => isAllConfirmed(name, group))
      pauseFor(world, replica)
      const options = { key: name, replicas: group.replicas, timeoutMs: SHORT_MS }
      const answer = await port.writeAndWait(['INCR', name], options)
      assert.deepEqual(answer, { reply: 2, replicas: group.replicas - 1 })
    },
  },
  {
    id: 'PORT-10',
    rule: 'While a write waits, other commands are answered.',
    because: 'on the shared connection a WAIT stalls every reader',
    prove: async (world) => {
      const { open, key, group } = world
      const port = await open()
      const name = key()
      const replicas = await replicasOf(name, group)
      await acknowledged(port, name, group.replicas)
      for (const replica of replicas) pauseFor(world, replica)
      let isWaiting = true
      const options = { key: name, replicas: group.replicas, timeoutMs: LONG_MS }
      const waiting = settled(
        'the write',
        port.writeAndWait(['INCR', name], options).finally(() => {
          isWaiting = false
        }),
      )
      await eventually('the write is visible', async () => textOf(await get(port, name)) === '2')
      for (let times = 0; times < 20; times++) await get(port, name)
      assert.ok(isWaiting, 'the write still waits')
      for (const replica of replicas) replica.resume()
      assert.deepEqual(await waiting, { reply: 2, replicas: group.replicas })
    },
  },
  {
    id: 'PORT-11',
    rule: 'Many writes that wait at once get each their own reply and their own count.',
    prove: async ({ open, key, group }) => {
      const port = await open()
      const names = [key(), key(), key()]
      for (const name of names) {
        await replicasOf(name, group)
        await acknowledged(port, name, group.replicas)
      }
      const calls = Array.from({ length: 60 }, (_, index) => {
        const name = names[index % names.length] as string
        return port.writeAndWait(['INCR', name], { key: name, replicas: group.replicas, timeoutMs: LONG_MS })
      })
      const answers = await Promise.all(calls)
      assert.ok(answers.every(({ replicas }) => replicas === group.replicas))
      const replies = answers.map(({ reply }) => Number(reply)).toSorted((a, b) => a - b)
      assert.deepEqual(
        replies,
        Array.from(calls, (_, index) => Math.floor(index / names.length) + 2),
      )
    },
  },
  {
    id: 'PORT-12',
    rule: 'A write that the server refuses is rejected with its text, and the next one is well.',
    prove: async ({ open, key, group }) => {
      const port = await open()
      const name = key()
      await isAnswered(port, name)
      await set(port, name, 'no number')
      const options = { key: name, replicas: group.replicas, timeoutMs: LONG_MS }
      const error = await rejectionOf('a refused write', port.writeAndWait(['INCR', name], options))
      assert.match(error.message, /^ERR value is not an integer/)
      await replicasOf(name, group)
      const { replicas } = await port.writeAndWait(['SET', name, '1'], options)
      assert.equal(replicas, group.replicas)
    },
  },
  {
    id: 'PORT-13',
    rule: 'A connection that is lost between the write and its `WAIT` rejects, and the write is not repeated.',
    because: 'nobody knows then, and whoever says otherwise acknowledges a revocation that may be lost',
    topologies: ['single'],
    prove: async (world) => {
      const name = world.key()
      const { port, link } = await openLinked(world, await world.group.primaryOf(name))
      const options = { key: name, replicas: 1, timeoutMs: LONG_MS }
      await acknowledged(port, name, 1)
      const cut = link.cutAt('request', 'WAIT')
      await rejectionOf('a write cut off from its WAIT', port.writeAndWait(['INCR', name], options))
      await cut
      await eventually('the next write is confirmed', async () => {
        const after = await port.writeAndWait(['SET', `${name}:next`, 'x'], options)
        return after.replicas === 1
      })
      assert.ok(Number(await get(port, name)) <= 2, 'it was written once at most')
    },
  },
  {
    id: 'PORT-14',
    rule: 'A connection that is lost while a write waits rejects.',
    topologies: ['single'],
    prove: async (world) => {
      const name = world.key()
      const { port, link } = await openLinked(world, await world.group.primaryOf(name))
      await acknowledged(port, name, 1)
      for (const replica of await replicasOf(name, world.group)) pauseFor(world, replica)
      const options = { key: name, replicas: 1, timeoutMs: LONG_MS }
      const rejected = rejectionOf('a write that waits', port.writeAndWait(['INCR', name], options))
      await eventually('the write is visible', async () => textOf(await get(port, name)) === '2')
      link.drop()
      await rejected
      await isAnswered(port, name)
      assert.equal(textOf(await get(port, name)), '2')
    },
  },
]

/** The first such write on a new port: there may be no connection yet. */
async function acknowledged(port: RedisPort, key: string, replicas: number): Promise<Acknowledged> {
  await isAnswered(port, key)
  return port.writeAndWait(['INCR', key], { key, replicas, timeoutMs: LONG_MS })
}

async function isAllConfirmed(key: string, group: PortGroup): Promise<boolean> {
  const info = await (await group.primaryOf(key)).cli('INFO', 'replication')
  const [, written] = /^master_repl_offset:(\d+)/m.exec(info) ?? []
  const confirmed = [...info.matchAll(/,offset=(\d+)/g)].map(([, offset]) => offset)
  return confirmed.length === group.replicas && confirmed.every((offset) => offset === written)
}
