import { createClient } from '@redis/client'
import { type RedisOptions, type RedisServer, startLink, startRedis } from 'sojourn-test-programs'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { LogEntry } from '../../../core/environment.ts'
import { systemEnvironment } from '../../../environment/system.ts'
import { turn } from '../../../environment/turn.ts'
import { type NodeRedisOptions, nodeRedis } from '../node-redis.ts'
import type { RedisPort, Reply } from '../port.ts'

const patience = { timeout: 10_000, interval: 5 }
const reads = { key: 'k', readonly: true }
const writes = { key: 'k', readonly: false }

async function redis(options?: RedisOptions): Promise<RedisServer> {
  const server = await startRedis(options)
  onTestFinished(server.stop)
  return server
}

function opened(options: NodeRedisOptions): RedisPort {
  const port = nodeRedis(options)
  onTestFinished(() => port.close())
  return port
}

/** The connections of ports, as `CLIENT LIST` shows them; those of the operator speak RESP2. */
async function connections(server: RedisServer): Promise<readonly string[]> {
  return (await server.cli('CLIENT', 'LIST')).split('\n').filter((line) => line.includes('resp=3'))
}

async function isTracked(server: RedisServer): Promise<boolean> {
  return (await connections(server)).some((line) => /flags=\w*t/.test(line))
}

test('a call made before the first connection stands waits for it', async () => {
  const { url } = await redis()
  expect(await opened({ url }).command(['SET', 'k', '1'], writes)).toBe('OK')
})

test('a unix socket, a database and a user of the URL are used', async () => {
  const { folder, cli } = await redis({ users: ['app on >p@ss ~* +@all'] })
  const port = opened({ url: `unix://${folder}/redis.sock?db=3`, username: 'app', password: 'p@ss' })
  await port.command(['SET', 'k', '1'], writes)
  expect(await cli('INFO', 'keyspace')).toContain('db3:keys=1')
  expect(String(await port.command(['ACL', 'WHOAMI'], reads))).toBe('app')
})

test('a certificate that is not known is refused, and the reason is told', async () => {
  const { url, tls } = await redis({ tls: true })
  const trusting = opened({ url, tls: { ca: tls?.cert as string } })
  expect(await trusting.command(['SET', 'k', '1'], writes)).toBe('OK')
  await expect(opened({ url }).command(['GET', 'k'], reads)).rejects.toMatchObject({
    code: 'STORE_UNAVAILABLE',
    message: expect.stringContaining('certificate'),
  })
})

test('a password may change without a restart: it is asked for at every connection', async () => {
  const { url, cli } = await redis({ users: ['app on >one ~* +@all'] })
  let password = 'one'
  const port = opened({ url, username: 'app', password: async () => password })
  await port.command(['PING'], reads)
  password = 'two'
  await cli('ACL', 'SETUSER', 'app', '<one', '>two')
  await cli('CLIENT', 'KILL', 'USER', 'app')
  await vi.waitFor(async () => expect(await port.command(['PING'], reads)).toBe('PONG'), patience)
})

test('a server that echoes the arguments of HELLO puts no password into an error', async () => {
  const { url } = await redis({ config: ['rename-command HELLO ""'] })
  const failure: unknown = await opened({ url, password: 'hunter2' })
    .command(['PING'], reads)
    .catch((error: unknown) => error)
  const chain = [failure, (failure as Error).cause]
  expect(chain.map((error) => `${String(error)} ${JSON.stringify(error)}`).join()).not.toContain('hunter2')
  expect(chain).toContainEqual(expect.objectContaining({ code: 'STORE_UNSUPPORTED' }))
})

test('a server that is no primary any more is left, and the one that took its place is found', async () => {
  const { url, cli, ...server } = await redis()
  const port = opened({ url })
  await port.command(['SET', 'k', '1'], writes)
  await cli('REPLICAOF', '127.0.0.1', '1')
  const [before] = await connections({ url, cli, ...server })
  await expect(port.command(['SET', 'k', '2'], writes)).rejects.toThrow(/^READONLY/)
  await vi.waitFor(() => port.command(['GET', 'k'], reads), patience)
  const [after] = await connections({ url, cli, ...server })
  expect(after?.split(' ')[0]).not.toBe(before?.split(' ')[0])
})

test('a connection that went silent is found under load too, where each write puts off an idle timeout', async () => {
  const server = await redis()
  const link = await startLink(server.port)
  onTestFinished(link.stop)
  const port = opened({ url: `redis://127.0.0.1:${link.port}` })
  await port.command(['SET', 'k', '1'], writes)
  link.swallow()
  const load = new AbortController()
  const failed = port.command(['GET', 'k'], reads).finally(() => load.abort())
  const loaded = (async () => {
    while (!load.signal.aborted) {
      port.command(['GET', 'k'], reads).catch(() => {})
      await turn()
    }
  })()
  await expect(failed).rejects.toThrow('Disconnects client')
  await loaded
  await vi.waitFor(() => port.command(['GET', 'k'], reads), patience)
})

test('the server keeps a table of what was read only while somebody listens', async () => {
  const server = await redis()
  const port = opened({ url: server.url })
  await port.command(['GET', 'k'], reads)
  expect(await isTracked(server)).toBe(false)
  const ends = [1, 2].map(() => port.subscribe?.({ channels: [], onChanged() {}, onLost() {} }))
  await port.command(['GET', 'k'], reads)
  expect(await isTracked(server)).toBe(true)
  ends[0]?.()
  ends[0]?.()
  await port.command(['GET', 'k'], reads)
  expect(await isTracked(server)).toBe(true)
  ends[1]?.()
  await port.command(['GET', 'k'], reads)
  expect(await isTracked(server)).toBe(false)
})

test('a change is told before the promise of an older reply of the same chunk', async () => {
  const { url } = await redis()
  const port = opened({ url })
  const told: string[] = []
  port.subscribe?.({ channels: [], onChanged: (key) => told.push(key), onLost() {} })
  const order = async (name: string, args: readonly string[]): Promise<Reply> => {
    const reply = await port.command(args, reads)
    told.push(name)
    return reply
  }
  await port.command(['PING'], reads)
  // One write to the server, so the replies and the push between them come in one chunk.
  await Promise.all([order('read', ['GET', 'k']), order('write', ['SET', 'k', '1'])])
  expect(told).toEqual(['k', 'read', 'write'])
})

test('a listener that throws harms neither the connection nor the others', async () => {
  const server = await redis()
  const logged: LogEntry[] = []
  const environment = { ...systemEnvironment, log: (entry: LogEntry) => void logged.push(entry) }
  const port = opened({ url: server.url, environment })
  const told: string[] = []
  const broken = (): never => {
    throw new Error('listener')
  }
  port.subscribe?.({ channels: [], onChanged: broken, onLost: broken })
  port.subscribe?.({ channels: [], onChanged: (key) => told.push(key), onLost() {} })
  await port.command(['GET', 'k'], reads)
  const before = await connections(server)
  await port.command(['SET', 'k', '1'], writes)
  expect(told).toEqual(['k'])
  expect((await connections(server)).length).toBe(before.length)
  expect(logged).toContainEqual(expect.objectContaining({ level: 'error', fields: { error: 'listener' } }))
})

test('a client that was handed in gives its settings, and is neither used nor closed', async () => {
  const { url, cli } = await redis({ users: ['app on >secret ~* +@all'] })
  const socket = { reconnectStrategy: 50 } as const
  const client = createClient({ url, username: 'app', password: 'secret', database: 2, RESP: 2, socket })
  await client.on('error', () => {}).connect()
  onTestFinished(() => client.destroy())
  const port = nodeRedis({ client })
  const changed: string[] = []
  port.subscribe?.({ channels: [], onChanged: (key) => changed.push(key), onLost() {} })
  await port.command(['SET', 'k', '1'], writes)
  expect(await port.command(['GET', 'k'], reads)).toEqual(Buffer.from('1'))
  await client.set('k', '2')
  await vi.waitFor(() => expect(changed).toContain('k'), patience)
  expect(await cli('INFO', 'keyspace')).toContain('db2:keys=1')
  await port.close()
  expect(await client.get('k')).toBe('2')
})
