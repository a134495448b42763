import { type RedisServer, startLink, startRedis } from 'sojourn-test-programs'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { systemEnvironment } from '../../../environment/system.ts'
import { nodeRedis } from '../node-redis.ts'
import type { RedisPort } from '../port.ts'
import { dialer, open } from './dial.ts'
import { acknowledgedWrites } from './waits.ts'

const patience = { timeout: 10_000, interval: 5 }
const both = { key: 'k', replicas: 1, timeoutMs: 10_000 }

let primary: RedisServer
let replica: RedisServer
beforeAll(async () => {
  primary = await startRedis()
  replica = await startRedis({ replicaOf: primary })
})
afterAll(() => Promise.all([replica.stop(), primary.stop()]))
beforeEach(() => primary.cli('CONFIG', 'RESETSTAT'))

function opened(url = primary.url): RedisPort {
  const port = nodeRedis({ url })
  onTestFinished(() => port.close())
  return port
}

async function callsOf(command: string): Promise<number> {
  const stats = await primary.cli('INFO', 'commandstats')
  return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0)
}

async function connections(): Promise<number> {
  return (await primary.cli('CLIENT', 'LIST')).split('\n').filter((line) => line.includes('resp=3')).length
}

test('the second connection is opened when it is needed', async () => {
  const port = opened()
  await port.command(['PING'], { key: 'k', readonly: true })
  const before = await connections()
  await port.writeAndWait(['SET', 'k', '1'], both)
  expect([before, await connections()]).toEqual([1, 2])
})

test('callers that wait at the same time share one WAIT, and each gets its own reply', async () => {
  const port = opened()
  const calls = Array.from({ length: 50 }, (_, at) => port.writeAndWait(['SET', `k${at}`, '1', 'GET'], both))
  const again = Array.from({ length: 50 }, (_, at) => port.writeAndWait(['GET', `k${at}`], both))
  expect((await Promise.all(calls)).map(({ replicas }) => replicas)).toEqual(calls.map(() => 1))
  expect(new Set((await Promise.all(again)).map(({ reply }) => String(reply)))).toEqual(new Set(['1']))
  expect(await callsOf('wait')).toBe(1)
})

test('a caller is not told of a replica that has somebody else’s write and not yet its own', async () => {
  const port = opened()
  await port.writeAndWait(['SET', 'k', '1'], both)
  replica.pause()
  const short = { key: 'k', replicas: 1, timeoutMs: 20 }
  const answers = await Promise.all([1, 2, 3].map((at) => port.writeAndWait(['SET', `k${at}`, '1'], short)))
  replica.resume()
  expect(answers.map(({ replicas }) => replicas)).toEqual([0, 0, 0])
})

test('those who wait for less do not share the WAIT of those who wait for more', async () => {
  const port = opened()
  const needs = [
    { replicas: 2, timeoutMs: 50 },
    { replicas: 1, timeoutMs: 50 },
    { replicas: 1, timeoutMs: 60 },
  ]
  const calls = needs.map((need) => port.writeAndWait(['SET', 'k', '1'], { key: 'k', ...need }))
  await Promise.all(calls)
  expect(await callsOf('wait')).toBe(3)
})

test('a timeout of 0 does not wait for ever', async () => {
  const port = opened()
  expect(await port.writeAndWait(['SET', 'k', '1'], { key: 'k', replicas: 9, timeoutMs: 0 })).toMatchObject({
    reply: 'OK',
  })
})

test('a write that the server refuses rejects with its text, and the others of the batch are acknowledged', async () => {
  const port = opened()
  const refused = port.writeAndWait(['HSET', 'k', 'a', 'b'], both)
  const fine = port.writeAndWait(['SET', 'other', '1'], both)
  await expect(refused).rejects.toThrow(/^WRONGTYPE/)
  expect(await fine).toEqual({ reply: 'OK', replicas: 1 })
})

test('a WAIT that outlasts the patience with a silent server is no silence', async () => {
  const port = opened()
  await port.writeAndWait(['SET', 'k', '1'], both)
  const long = { key: 'k', replicas: 2, timeoutMs: 1_500 }
  expect(await port.writeAndWait(['SET', 'k', '2'], long)).toEqual({ reply: 'OK', replicas: 1 })
})

test('when the connection is lost before the answer, all of the batch reject, and none is sent again', async () => {
  const port = opened()
  await port.writeAndWait(['SET', 'n', '0'], both)
  const long = { key: 'n', replicas: 2, timeoutMs: 60_000 }
  const calls = [1, 2, 3].map(() => port.writeAndWait(['INCR', 'n'], long))
  const outcomes = Promise.allSettled(calls)
  await vi.waitFor(async () => expect(await primary.cli('GET', 'n')).toBe('3'), patience)
  await primary.cli('CLIENT', 'KILL', 'TYPE', 'normal')
  expect((await outcomes).map(({ status }) => status)).toEqual(calls.map(() => 'rejected'))
  await vi.waitFor(() => port.writeAndWait(['SET', 'k', '1'], both), patience)
  expect(await primary.cli('GET', 'n')).toBe('3')
})

test('a connection that goes silent while it is waited on is given up, also when no other one does', async () => {
  const link = await startLink(primary.port)
  const dial = dialer({ database: 0 })
  const waits = acknowledgedWrites({
    environment: systemEnvironment,
    onReadOnly() {},
    async open() {
      const connection = dial({ host: '127.0.0.1', port: link.port }, { tracked: false })
      await open(connection, systemEnvironment)
      return connection
    },
  })
  onTestFinished(async () => {
    await waits.close()
    await link.stop()
  })
  await waits.write(['SET', 'k', '1'], both)
  link.swallow()
  await expect(waits.write(['SET', 'k', '2'], { ...both, timeoutMs: 50 })).rejects.toThrow('Disconnects')
  await vi.waitFor(() => waits.write(['SET', 'k', '3'], both), patience)
})
