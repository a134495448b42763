// A link that fails on command: what came through before, and what did not.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { type Link, type RedisServer, startLink, startRedis } from 'sojourn-test-programs'

const PATIENT = { timeout: 60_000 }

async function linked(): Promise<{ readonly server: RedisServer; readonly link: Link }> {
  const server = await startRedis()
  onTestFinished(server.stop)
  const link = await startLink(server.port)
  onTestFinished(link.stop)
  return { server, link }
}

async function connected({ port }: Link): Promise<{ readonly socket: Socket; readonly heard: () => string }> {
  const socket = connect(port, '127.0.0.1').on('error', () => {})
  onTestFinished(() => void socket.destroy())
  let text = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  await once(socket, 'connect')
  return { socket, heard: () => text }
}

test('an answer is cut in the middle of the text, once', async () => {
  const { server, link } = await linked()
  await server.cli('SET', 'key', 'abcdef')
  const { socket, heard } = await connected(link)
  const closed = once(socket, 'close')
  const cut = link.cutAt('answer', 'abcdef')
  socket.write('PING\r\nGET key\r\n')
  await Promise.all([cut, closed])
  expect(heard()).toBe('+PONG\r\n$6\r\nabc')
  const again = await connected(link)
  again.socket.write('GET key\r\n')
  await expect.poll(again.heard, PATIENT).toBe('$6\r\nabcdef\r\n')
  expect(link.attempts()).toBe(2)
})

test('a request is cut in the middle: what was before it is done and answered', async () => {
  const { server, link } = await linked()
  const { socket, heard } = await connected(link)
  const closed = once(socket, 'close')
  void link.cutAt('request', 'second')
  socket.write('SET first 1\r\nSET second 2\r\n')
  await closed
  expect(heard()).toBe('+OK\r\n')
  expect(await server.cli('KEYS', '*')).toBe('first')
})

test('what is swallowed stays open and silent, and a new connection is well', async () => {
  const { server, link } = await linked()
  const silent = await connected(link)
  silent.socket.write('PING\r\n')
  await expect.poll(silent.heard, PATIENT).toBe('+PONG\r\n')
  link.swallow()
  silent.socket.write('SET silent 1\r\n')
  const other = await connected(link)
  other.socket.write('PING\r\n')
  await expect.poll(other.heard, PATIENT).toBe('+PONG\r\n')
  expect(silent.heard()).toBe('+PONG\r\n')
  expect(silent.socket.destroyed).toBe(false)
  expect(await server.cli('KEYS', '*')).toBe('')
})

test('who is refused is counted, and let in when it accepts again', async () => {
  const { link } = await linked()
  const before = await connected(link)
  link.refuse()
  await once(before.socket, 'close')
  const refused = await connected(link)
  if (!refused.socket.destroyed) await once(refused.socket, 'close')
  expect(link.attempts()).toBe(2)
  link.accept()
  const { socket, heard } = await connected(link)
  socket.write('PING\r\n')
  await expect.poll(heard, PATIENT).toBe('+PONG\r\n')
})

test('what is held one way is lost that way, on new connections as well, until it accepts again', async () => {
  const { server, link } = await linked()
  const before = await connected(link)
  const arrived = { request: '', answer: '' }
  for (const way of ['request', 'answer'] as const)
    link.edit(way, (bytes) => {
      arrived[way] += bytes.toString()
      return bytes
    })
  link.hold('answer')
  const after = await connected(link)
  before.socket.write('SET before 1\r\n')
  after.socket.write('SET after 1\r\n')
  await expect.poll(() => arrived.answer, PATIENT).toBe('+OK\r\n+OK\r\n')
  expect(before.heard() + after.heard()).toBe('')
  link.accept()
  after.socket.write('PING\r\n')
  await expect.poll(after.heard, PATIENT).toBe('+PONG\r\n')
  link.hold('request')
  after.socket.write('SET lost 1\r\n')
  await expect.poll(() => arrived.request, PATIENT).toContain('lost')
  link.accept()
  after.socket.write('PING\r\n')
  await expect.poll(after.heard, PATIENT).toBe('+PONG\r\n+PONG\r\n')
  expect(await server.cli('EXISTS', 'lost')).toBe('0')
  expect([before, after].some(({ socket }) => socket.destroyed)).toBe(false)
})

test('a reset is no end: the client hears ECONNRESET', async () => {
  const { link } = await linked()
  const { socket, heard } = await connected(link)
  socket.write('PING\r\n')
  await expect.poll(heard, PATIENT).toBe('+PONG\r\n')
  const failed = once(socket, 'error')
  link.reset()
  expect(await failed).toMatchObject([{ code: 'ECONNRESET' }])
})

test('what is delayed comes late and in order, also behind what was sent before the delay ended', async () => {
  const { link } = await linked()
  const { socket, heard } = await connected(link)
  link.delay(100)
  const sentAt = performance.now()
  socket.write('ECHO first\r\n')
  await expect.poll(heard, PATIENT).toBe('$5\r\nfirst\r\n')
  expect(performance.now() - sentAt).toBeGreaterThan(195)
  const arrived = new Promise<void>((resolve) => {
    link.edit('request', (bytes) => {
      resolve()
      return bytes
    })
  })
  socket.write('ECHO second\r\n')
  await arrived
  link.delay(0)
  socket.write('ECHO third\r\n')
  await expect.poll(heard, PATIENT).toBe('$5\r\nfirst\r\n$6\r\nsecond\r\n$5\r\nthird\r\n')
})

test('what trickles comes in pieces, whole in the end', async () => {
  const { server, link } = await linked()
  await server.cli('SET', 'key', 'x'.repeat(40))
  const { socket, heard } = await connected(link)
  let pieces = 0
  socket.on('data', () => pieces++)
  link.trickle(200)
  const sentAt = performance.now()
  socket.write('GET key\r\n')
  await expect.poll(heard, PATIENT).toBe(`$40\r\n${'x'.repeat(40)}\r\n`)
  // 56 bytes both ways, in pieces of 4, the first of each way at once
  expect(performance.now() - sentAt).toBeGreaterThan(200)
  expect(pieces).toBeGreaterThan(1)
  link.trickle(Infinity)
  socket.write('PING\r\n')
  await expect.poll(heard, PATIENT).toMatch(/\+PONG\r\n$/)
})

test('what is edited passes as it was changed', async () => {
  const { link } = await linked()
  const { socket, heard } = await connected(link)
  link.edit('answer', (bytes) => Buffer.concat([Buffer.from('+STRAY\r\n'), bytes]))
  socket.write('PING\r\n')
  await expect.poll(heard, PATIENT).toBe('+STRAY\r\n+PONG\r\n')
  link.edit('answer', (bytes) => bytes)
  socket.write('PING\r\n')
  await expect.poll(heard, PATIENT).toBe('+STRAY\r\n+PONG\r\n+PONG\r\n')
})
