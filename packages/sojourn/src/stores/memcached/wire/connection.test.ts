// What a connection does with answers that are not its own: a peer says what no Memcached would.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { systemEnvironment } from '../../../environment/system.ts'
import { type Connection, overSocket } from './connection.ts'

/** A connection to a peer that answers each line with what it is told. */
async function connected(answer: (line: string, count: number) => string): Promise<Connection> {
  const listener = createServer((socket: Socket) => {
    let count = 0
    socket.on('error', () => {})
    socket.on('data', (bytes) => {
      for (const line of bytes.toString().split('\r\n').slice(0, -1)) socket.write(answer(line, ++count))
    })
  }).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  onTestFinished(() => void listener.close())
  const socket = connect((listener.address() as AddressInfo).port, '127.0.0.1')
  const connection = overSocket(socket, {
    environment: systemEnvironment,
    onTick: () => {},
    onEnd: () => {},
  })
  onTestFinished(() => void socket.destroy())
  return connection
}

const numberIn = (line: string): string => /O\d+$/.exec(line)?.[0] ?? ''
const UNAVAILABLE = { code: 'STORE_UNAVAILABLE', retryable: true }

test('answers belong to the commands in their order', async () => {
  const connection = await connected((line) => `EN ${numberIn(line)}\r\n`)
  const replies = await Promise.all(['mg a v', 'mg b v', 'mg c v'].map((line) => connection.send({ line })))
  expect(replies.map(({ words }) => words)).toEqual([['O1'], ['O2'], ['O3']])
})

test('an answer to another command ends the connection, and is nobody’s', async () => {
  const connection = await connected((line, count) => `EN ${count < 2 ? numberIn(line) : 'O1'}\r\n`)
  const [first, second, third] = ['mg a v', 'mg b v', 'mg c v'].map((line) => connection.send({ line }))
  await expect(second).rejects.toMatchObject(UNAVAILABLE)
  await expect(third).rejects.toMatchObject(UNAVAILABLE)
  expect(await first).toMatchObject({ status: 'EN' })
  expect(connection.isOpen).toBe(false)
  await expect(connection.send({ line: 'mg d v' })).rejects.toMatchObject(UNAVAILABLE)
})

test('an answer that nobody waits for ends the connection', async () => {
  const connection = await connected((line) => `HD ${numberIn(line)}\r\nHD ${numberIn(line)}\r\n`)
  await connection.send({ line: 'mg a' })
  expect(connection.isOpen).toBe(false)
})

test('statistics without an end end the connection', async () => {
  const connection = await connected(() => 'STAT a 1\r\n'.repeat(1_001))
  await expect(connection.send({ line: 'stats', plain: true })).rejects.toThrow(/cannot be the answer/)
  expect(connection.isOpen).toBe(false)
})

test('a command that was not understood ends the connection, and what became of the others nobody knows', async () => {
  const connection = await connected(() => 'CLIENT_ERROR bad command line format\r\n')
  const [first, second] = ['mg a v', 'mg b v'].map((line) => connection.send({ line }))
  await expect(second).rejects.toMatchObject(UNAVAILABLE)
  await expect(first).rejects.toMatchObject({ code: 'STORE_CORRUPT' })
  expect(connection.isOpen).toBe(false)
})

test.each([
  ['SERVER_ERROR out of memory storing object', 'STORE_FULL'],
  ['SERVER_ERROR object too large for cache', 'STORE_FULL'],
  ['SERVER_ERROR something else', 'STORE_UNAVAILABLE'],
  ['CLIENT_ERROR unauthenticated', 'STORE_DENIED'],
  ['ERROR', 'STORE_UNSUPPORTED'],
  ['ERROR Too many open connections', 'STORE_UNAVAILABLE'],
])('%s is %s', async (text, code) => {
  const connection = await connected((line) => (line === 'x' ? '' : `${text}\r\n`))
  await expect(connection.send({ line: 'ms a 1 T0', value: Buffer.from('x') })).rejects.toMatchObject({
    code,
  })
  expect(connection.isOpen).toBe(text.startsWith('SERVER_ERROR'))
})
