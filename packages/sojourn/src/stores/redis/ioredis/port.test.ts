/** What the port does beyond the rules for all ports, with a real server. */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { inspect } from 'node:util'
import { Redis } from 'ioredis'
import {
  type RedisCluster,
  type RedisServer,
  startCluster,
  startLink,
  startRedis,
} from 'sojourn-test-programs'
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { ioRedis } from '../ioredis.ts'
import type { RedisPort, Reply } from '../port.ts'

const KEY = { key: 'k', readonly: false }
const AT_SLOT = { key: '{m}', readonly: true }
const PATIENT = { timeout: 30_000 }
const WAIT = { key: 'k', replicas: 0, timeoutMs: 1 }

let server: RedisServer
const ports: RedisPort[] = []

beforeAll(async () => {
  server = await startRedis({ users: ['default on nopass ~* &* +@all', 'app on >secret ~* &* +@all'] })
})
afterEach(() => Promise.all(ports.splice(0).map((port) => port.close())))
afterAll(() => server.stop())

test('what is sent in one turn leaves in one write', async () => {
  const client = new Redis(server.url, {
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  })
  const port = await connected(ioRedis({ client }))
  const uncork = vi.spyOn(client.stream, 'uncork')
  const replies = await Promise.all(Array.from({ length: 50 }, () => port.command(['PING'], KEY)))
  expect(replies.map(String)).toEqual(Array(50).fill('PONG'))
  expect(uncork).toHaveBeenCalledOnce()
  await port.close()
  client.disconnect()
})

test('an error carries nothing of what was sent', async () => {
  const port = await connected(ioRedis({ url: server.url }))
  const error = await port
    .command(['HSET', 'k', 'f', 'hunter2', 'odd'], KEY)
    .catch((thrown: unknown) => thrown)
  expect((error as Error).message).toMatch(/^ERR wrong number/)
  expect(inspect(error, { depth: 9 })).not.toMatch(/hunter2|odd/)
})

test('why there is no connection is told, without the password', async () => {
  const port = await opened(ioRedis({ url: server.url, username: 'app', password: 'hunter2' }))
  await vi.waitFor(async () => {
    const error = await port.command(['PING'], KEY).catch((thrown: unknown) => thrown)
    const cause = (error as Error).cause as Error
    expect(cause.message).toMatch(/^WRONGPASS/)
    expect(Object.keys(cause)).toEqual([])
  })
})

test('what stands in between and repeats the arguments of HELLO and AUTH puts no password into an error', async () => {
  const url = await startEcho()
  const credentials = { username: 'app', password: 'hunter2' }
  for (const port of [
    await opened(ioRedis({ url, ...credentials })),
    await opened(ioRedis({ cluster: [url], ...credentials })),
  ])
    for (const call of [() => port.command(['PING'], KEY), () => port.writeAndWait(['PING'], WAIT)])
      await vi.waitFor(async () => {
        const error = await call().catch((thrown: unknown) => thrown)
        expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('hunter2')
        expect(inspect(error)).toMatch(/unknown command|no connection/)
      })
})

test('the URL says user, password and database; options win over it', async () => {
  const address = `127.0.0.1:${server.port}`
  const port = await connected(ioRedis({ url: `redis://app:secret@${address}/3` }))
  expect(String(await port.command(['CLIENT', 'INFO'], KEY))).toMatch(/ db=3 .* user=app /)
  const other = await connected(ioRedis({ url: `redis://app:wrong@${address}`, password: 'secret' }))
  expect(String(await other.command(['ACL', 'WHOAMI'], KEY))).toBe('app')
})

test('a Unix socket is connected to', async () => {
  const port = await connected(ioRedis({ url: `${server.folder}/redis.sock` }))
  expect(String(await port.command(['PING'], KEY))).toBe('PONG')
})

test('writes that wait have a connection of their own for each timeout: none before the first, four at most', async () => {
  const link = await startLink(server.port)
  const port = await connected(ioRedis({ url: `redis://127.0.0.1:${link.port}` }))
  expect(link.attempts()).toBe(1)
  await port.writeAndWait(['INCR', 'k'], WAIT)
  await Promise.all(Array.from({ length: 20 }, () => port.writeAndWait(['INCR', 'k'], WAIT)))
  expect(link.attempts()).toBe(2)
  const waits = Array.from({ length: 20 }, (_, index) => ({ ...WAIT, timeoutMs: index + 1 }))
  await Promise.all(waits.map((wait) => port.writeAndWait(['INCR', 'k'], wait)))
  expect(link.attempts()).toBe(5)
  await port.close()
  await link.stop()
})

test('while a replica is missing, all who wait share one WAIT, and each gets its own reply', async () => {
  const port = await connected(ioRedis({ url: server.url }))
  await server.cli('CONFIG', 'RESETSTAT')
  const wait = { key: 'shared', replicas: 1, timeoutMs: 50 }
  const calls = Array.from({ length: 30 }, () => port.writeAndWait(['INCR', 'shared'], wait))
  const answers = await Promise.all(calls)
  expect(answers).toEqual(calls.map((_, index) => ({ reply: index + 1, replicas: 0 })))
  expect(await server.cli('INFO', 'commandstats')).toContain('cmdstat_wait:calls=1,')
})

test('a write that waits briefly does not stand behind those that wait long', async () => {
  const port = await connected(ioRedis({ url: server.url }))
  const long = { key: 'k', replicas: 1, timeoutMs: 60_000 }
  const waiting = Array.from({ length: 8 }, () => port.writeAndWait(['INCR', 'long'], long))
  const outcomes = Promise.allSettled(waiting)
  await vi.waitFor(async () => expect(await server.cli('GET', 'long')).toBe('8'))
  expect(await port.writeAndWait(['INCR', 'brief'], WAIT)).toEqual({ reply: 1, replicas: 0 })
  await port.close()
  expect((await outcomes).map(({ status }) => status)).toEqual(waiting.map(() => 'rejected'))
})

test('they go with the connection that reads go through, when nobody waits on them', async () => {
  const port = await connected(ioRedis({ url: server.url }))
  const [reads, lane] = [await idOf(port), await idOfLane(port)]
  expect(await ids()).toEqual(expect.arrayContaining([reads, lane]))
  await server.cli('CLIENT', 'KILL', 'ID', reads)
  await vi.waitFor(async () => expect(await ids()).not.toContain(lane))
  await connected(port)
  expect(await idOfLane(port)).not.toBe(lane)
})

test('a change is told before the reply of any read that sees it', async () => {
  const [reader, writer] = [
    await connected(ioRedis({ url: server.url })),
    await connected(ioRedis({ url: server.url })),
  ]
  let told = 0
  let isHeard = false
  reader.subscribe?.({ channels: ['changes'], onChanged: () => told++, onLost: () => (isHeard = true) })
  await vi.waitFor(() => expect(isHeard).toBe(true))
  const script = "redis.call('INCR', KEYS[1]); redis.call('PUBLISH', 'changes', KEYS[1])"
  const seen: boolean[] = []
  for (let round = 0; round < 200; round++) {
    const change = writer.command(['EVAL', script, '1', 'changing'], KEY)
    const reads = Array.from({ length: 5 }, async () => {
      const value = Number(await reader.command(['GET', 'changing'], KEY))
      seen.push(told >= value)
    })
    await Promise.all([change, ...reads])
  }
  expect(seen).toEqual(seen.map(() => true))
  expect(told).toBe(200)
})

test('a connection is not taken for a silent one because it waits', async () => {
  const port = await connected(ioRedis({ url: server.url }))
  const wait = { key: 'k', replicas: 1, timeoutMs: 2_000 }
  expect(await port.writeAndWait(['SET', 'k', '1'], wait)).toMatchObject({ replicas: 0 })
})

test('the loss of a subscription is told while there is no other connection', async () => {
  const link = await startLink(server.port)
  const port = await connected(ioRedis({ url: `redis://127.0.0.1:${link.port}` }))
  let lost = 0
  port.subscribe?.({ channels: ['changes'], onChanged: () => {}, onLost: () => lost++ })
  await vi.waitFor(() => expect(lost).toBe(1))
  link.refuse()
  await vi.waitFor(() => expect(lost).toBeGreaterThan(1))
  await port.close()
  await link.stop()
})

describe('a slot that moves', { timeout: 120_000 }, () => {
  let cluster: RedisCluster
  beforeAll(async () => {
    cluster = await startCluster()
  }, 120_000)
  afterAll(() => cluster.stop())

  async function moveSlot(): Promise<RedisServer> {
    const slot = await cluster.slotOf('{m}')
    const before = await cluster.primaryOf(slot)
    const next = cluster.nodes.find(({ port }) => port !== before.port) as RedisServer
    await cluster.migrate(slot, next)
    return next
  }

  test('takes its channel along, there and back', async () => {
    const port = await opened(ioRedis({ cluster: cluster.urls }))
    const told: string[] = []
    let lost = 0
    await vi.waitFor(() => port.command(['GET', '{m}'], AT_SLOT), PATIENT)
    port.subscribe?.({ channels: ['{m}:changes'], onChanged: (key) => told.push(key), onLost: () => lost++ })
    await vi.waitFor(() => expect(lost).toBe(1))
    const isTold = async (node: RedisServer, key: string): Promise<void> => {
      await node.cli('SPUBLISH', '{m}:changes', key)
      expect(told).toContain(key)
    }
    const next = await moveSlot()
    await vi.waitFor(() => isTold(next, 'there'), PATIENT)
    const before = lost
    await moveSlot()
    const again = await moveSlot()
    await vi.waitFor(() => isTold(again, 'back'), PATIENT)
    expect(lost).toBeGreaterThan(before)
  })

  test('sends single calls ahead while it is on its way, and that is no other route for the rest', async () => {
    const port = await opened(ioRedis({ cluster: cluster.urls }))
    await vi.waitFor(() => port.command(['SET', '{m}', 'moved'], { ...AT_SLOT, readonly: false }), PATIENT)
    const slot = await cluster.slotOf('{m}')
    const before = await cluster.primaryOf(slot)
    const next = cluster.nodes.find((node) => node.port !== before.port) as RedisServer
    const migration = await cluster.beginMigration(slot, next)
    await migration.moveKeys('{m}')
    let changes = 0
    port.watchRouting?.(() => changes++)
    expect(String(await port.command(['GET', '{m}'], AT_SLOT))).toBe('moved')
    expect(changes).toBe(0)
    await migration.moveKeys()
    await migration.finish()
    expect(String(await port.command(['GET', '{m}'], AT_SLOT))).toBe('moved')
    expect(changes).toBeGreaterThan(0)
  })

  test('is found by the next call, and that is told before its reply', async () => {
    const port = await opened(ioRedis({ cluster: cluster.urls }))
    await vi.waitFor(() => port.command(['GET', '{m}'], AT_SLOT), PATIENT)
    let changes = 0
    port.watchRouting?.(() => changes++)
    await moveSlot()
    await port.command(['GET', '{m}'], AT_SLOT)
    expect(changes).toBeGreaterThan(0)
  })
})

/** Knows no command, as a proxy may, and quotes all that it is sent as Redis does. Its URL. */
async function startEcho(): Promise<string> {
  const sockets = new Set<Socket>()
  const echo = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined))
    socket.on('data', (bytes) => {
      for (const command of String(bytes).split(/(?=\*\d+\r\n\$)/)) {
        const [, name, ...args] = command.split('\r\n').filter((line) => !line.startsWith('$'))
        const quoted = args.map((arg) => `\`${arg}\`, `).join('')
        socket.write(`-ERR unknown command \`${name}\`, with args beginning with: ${quoted}\r\n`)
      }
    })
  })
  await once(echo.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => {
    echo.close()
    for (const socket of sockets) socket.destroy()
  })
  return `redis://127.0.0.1:${(echo.address() as AddressInfo).port}`
}

async function opened(port: RedisPort): Promise<RedisPort> {
  ports.push(port)
  return port
}

async function connected(port: RedisPort): Promise<RedisPort> {
  await opened(port)
  await vi.waitFor(() => port.command(['PING'], KEY), { timeout: 10_000 })
  return port
}

async function idOf(port: RedisPort): Promise<string> {
  return String(await port.command(['CLIENT', 'ID'], KEY))
}

async function idOfLane(port: RedisPort): Promise<string> {
  const { reply }: { readonly reply: Reply } = await port.writeAndWait(['CLIENT', 'ID'], WAIT)
  return String(reply)
}

async function ids(): Promise<string[]> {
  const clients = await server.cli('CLIENT', 'LIST')
  return [...clients.matchAll(/^id=(\d+)/gm)].map(([, id]) => String(id))
}
