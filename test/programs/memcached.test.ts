// Whoever tests with it believes that a restart is a restart, and that nobody else answers.
import { once } from 'node:events'
import { connect } from 'node:tls'
import { expect, onTestFinished, test } from 'vitest'
import {
  acceptsConnections,
  type MemcachedOptions,
  type MemcachedServer,
  startMemcached,
} from 'sojourn-test-programs'

async function start(options?: MemcachedOptions): Promise<MemcachedServer> {
  const server = await startMemcached(options)
  onTestFinished(() => server.stop())
  return server
}

test('a server answers, and forgets everything when it is restarted', async () => {
  const server = await start()
  expect(server.address).toBe(`127.0.0.1:${server.port}`)
  expect(await server.ask('ms key 3\r\nabc')).toBe('HD\r\n')
  expect(await server.ask('get key')).toBe('VALUE key 0 3\r\nabc\r\nEND\r\n')
  const { pid, port } = server
  await server.restart()
  expect([server.pid === pid, server.port]).toEqual([false, port])
  expect(await server.ask('get key')).toBe('END\r\n')
})

test('a server that was stopped is gone, also when it was paused', async () => {
  const server = await startMemcached()
  server.pause()
  expect(await acceptsConnections(server.port)).toBe(true)
  await server.stop()
  expect(await acceptsConnections(server.port)).toBe(false)
})

test('a server on a socket has no port', async () => {
  const server = await start({ socket: true })
  expect(server.address).toBe(`unix:${server.folder}/memcached.sock`)
  expect(await server.ask('version')).toMatch(/^VERSION /)
  expect(server.ports).toEqual([])
})

test('a server with TLS is known by its certificate', async () => {
  const server = await start({ tls: true })
  const socket = connect({ host: '127.0.0.1', port: server.port, ca: server.tls?.cert })
  await once(socket, 'secureConnect')
  expect(socket.authorized).toBe(true)
  socket.destroy()
})
