// The harness itself: whoever tests with it believes that a kill is a kill and a restart the same server.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { connect } from 'node:tls'
import { afterEach, expect, onTestFinished, test } from 'vitest'
import { acceptsConnections, type RedisOptions, type RedisServer, startRedis } from 'sojourn-test-programs'
import { startRedisProcess } from './redis/process.ts'
import { startServer } from './server-process.ts'

const started: RedisServer[] = []

afterEach(async () => {
  await Promise.all(started.splice(0).map((server) => server.stop()))
})

async function start(options?: RedisOptions): Promise<RedisServer> {
  const server = await startRedis(options)
  started.push(server)
  return server
}

test('a server answers, and forgets everything when it is restarted', async () => {
  const server = await start()
  expect(await server.cli('SET', 'key', 'grüße')).toBe('OK')
  expect(await server.cli('GET', 'key')).toBe('grüße')
  const { pid, port } = server
  await server.restart()
  expect(server.pid).not.toBe(pid)
  expect(server.port).toBe(port)
  expect(await server.cli('GET', 'key')).toBe('')
})

test('what an append-only server has answered is there after a kill', async () => {
  const server = await start({ appendonly: true })
  await server.cli('SET', 'key', 'value')
  await server.kill()
  expect(await acceptsConnections(server.port)).toBe(false)
  await server.restart()
  expect(await server.cli('GET', 'key')).toBe('value')
})

test('a paused server takes connections, answers when it goes on, and can be stopped', async () => {
  const server = await start()
  server.pause()
  expect(await acceptsConnections(server.port)).toBe(true)
  let answered = false
  const answer = server.cli('PING').finally(() => {
    answered = true
  })
  expect(readFileSync(`/proc/${server.pid}/status`, 'utf8')).toMatch(/^State:\s+T/m)
  expect(answered).toBe(false)
  server.resume()
  expect(await answer).toBe('PONG')
  server.pause()
  await server.stop()
  expect(await acceptsConnections(server.port)).toBe(false)
})

test('a server that refuses to leave while it writes its first append-only file is asked again', async () => {
  const server = await start({ config: ['rdb-key-save-delay 50000'] })
  await server.cli('DEBUG', 'POPULATE', '40')
  await server.cli('CONFIG', 'SET', 'appendonly', 'yes')
  await server.stop()
  expect(server.said()).toContain("Writing initial AOF, can't exit")
  expect(existsSync(`/proc/${server.pid}`)).toBe(false)
})

test('a server that never leaves when it is asked to is killed', async () => {
  const listening = (port: number): string =>
    `process.on('SIGTERM', () => console.log('no')); require('net').createServer().listen(${port}, '127.0.0.1')`
  const server = await startServer(
    {
      name: 'node',
      args: ({ ports: [port = 0] }) => ['-e', listening(port)],
      files: () => ({}),
      isUp: async () => true,
      // Nor would it leave with this process.
      deathSignal: 'KILL',
    },
    1,
  )
  await server.stop()
  expect(server.said().match(/no/g)?.length).toBeGreaterThan(1)
  expect(existsSync(`/proc/${server.pid}`)).toBe(false)
})

test('a server with users refuses everybody else, and not `cli`', async () => {
  const server = await start({ users: ['default off', 'reader on >secret ~a:* +get'] })
  expect(await server.cli('ACL', 'WHOAMI')).toBe('operator')
  expect(await server.cli('ACL', 'DRYRUN', 'reader', 'GET', 'a:1')).toBe('OK')
  expect(await server.cli('ACL', 'DRYRUN', 'reader', 'GET', 'b:1')).toContain('no permissions')
})

test('an error that the server answers rejects with its text', async () => {
  const server = await start()
  await server.cli('SET', 'key', 'value')
  await expect(server.cli('LPUSH', 'key', 'x')).rejects.toThrow(/^WRONGTYPE /)
})

test('a server with TLS is known by its certificate', async () => {
  const server = await start({ tls: true })
  expect(server.url).toBe(`rediss://127.0.0.1:${server.port}`)
  const socket = connect({ host: '127.0.0.1', port: server.port, ca: server.tls?.cert })
  await once(socket, 'secureConnect')
  expect(socket.authorized).toBe(true)
  socket.destroy()
})

test('a replica is in step when it has started', async () => {
  const primary = await start({ users: ['default off'] })
  await primary.cli('SET', 'key', 'value')
  const replica = await start({ replicaOf: primary })
  expect(await replica.cli('GET', 'key')).toBe('value')
})

test('a server gets another port when somebody has taken the one that was free', async () => {
  const thief = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void thief.close())
  await once(thief, 'listening')
  const { port: taken } = thief.address() as AddressInfo
  let attempts = 0
  const server = await startRedisProcess({
    config: ({ ports: [port = 0] }) => [`port ${attempts++ === 0 ? taken : port}`],
  })
  started.push(server)
  expect(attempts).toBe(2)
  expect(await server.cli('PING')).toBe('PONG')
})

test('a server that is paused still goes with the process that started it', async () => {
  const child = fork(new URL('redis/paused.fixture.ts', import.meta.url))
  onTestFinished(() => void child.kill('SIGKILL'))
  const [{ pid, folder }] = (await once(child, 'message')) as [{ pid: number; folder: string }]
  onTestFinished(() => rmSync(folder, { recursive: true }))
  expect(existsSync(`/proc/${pid}`)).toBe(true)
  child.kill('SIGKILL')
  await expect.poll(() => existsSync(`/proc/${pid}`), { timeout: 60_000 }).toBe(false)
})
