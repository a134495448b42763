// What a commit does in Redis beyond the contract: lives, notices, scripts that are not there, values that are damaged.
import { crc32 } from 'node:zlib'
import { expect, test } from 'vitest'
import { createClient } from '@redis/client'
import { startRedis } from 'sojourn-test-programs'
import { fakeEnvironment } from '../../testing/fake-environment.ts'
import { FORMAT } from '../../core/codec/frame.ts'
import { turn } from '../../environment/turn.ts'
import type { SessionNumber } from '../../core/ids.ts'
import { MAX_RECORDS, type Roster } from '../../core/roster.ts'
import {
  expecting,
  makeChange,
  makeHeader,
  makeIncarnation,
  makeNumber,
  makeRecord,
  makeRosterKey,
} from '../../testing/builders.ts'
import type { CommandArgument, RedisPort, Reply } from './port.ts'
import {
  afterTest,
  HEADER,
  KEY,
  openPort,
  openStore,
  PLACE,
  RECORD,
  type Setting,
  withSession,
} from './redis.fixture.ts'

const HOUR = 3_600_000
const NEXT = { ...RECORD, version: 2 }
const TOUCH = makeChange({ expect: expecting(HEADER, [RECORD]), put: [NEXT] })
const REVOCATION = makeChange({
  expect: expecting(HEADER),
  header: { ...HEADER, version: 2, epoch: 1 },
  writeClass: 'replicated',
})

async function lifeOf({ server }: Setting): Promise<number> {
  return Number(await server.cli('PTTL', PLACE))
}

test('a roster is kept an hour longer than asked, by the node’s clock, and that is never shortened', async () => {
  const environment = fakeEnvironment({ now: 1_000 })
  const setting = await withSession({}, { environment })
  const { server, store } = setting
  await server.cli('DEL', PLACE)
  await store.commit(KEY, makeChange({ header: HEADER, put: [RECORD], keepUntil: 1_000 + HOUR }))
  const first = await lifeOf(setting)
  expect(first).toBeGreaterThan(HOUR)
  expect(first).toBeLessThanOrEqual(2 * HOUR)
  await store.commit(KEY, { ...TOUCH, keepUntil: 0 })
  expect(await lifeOf(setting)).toBeGreaterThan(HOUR)
  const again = { ...TOUCH, expect: expecting(HEADER, [NEXT]), keepUntil: 1_000 + 10 * HOUR }
  expect(await store.commit(KEY, again)).toBe('committed')
  expect(await lifeOf(setting)).toBeGreaterThan(10 * HOUR)
})

test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.MAX_VALUE])(
  'what is to be kept until %s is refused, and nothing of it is done',
  async (keepUntil) => {
    const { server, store } = await withSession()
    const before = await server.cli('HGETALL', PLACE)
    await expect(store.commit(KEY, { ...TOUCH, keepUntil })).rejects.toThrow(TypeError)
    expect(await server.cli('HGETALL', PLACE)).toBe(before)
  },
)

test('a header that goes nowhere later than its time is kept for the hour all the same', async () => {
  const setting = await withSession()
  await setting.server.cli('DEL', PLACE)
  await setting.store.commit(KEY, makeChange({ header: HEADER, keepUntil: 0 }))
  expect(await lifeOf(setting)).toBeGreaterThan(HOUR / 2)
})

test('every commit that applies is told, with the key, on one channel; one that does not is not', async () => {
  const { server, store } = await withSession()
  const heard: string[] = []
  const listener = createClient({ url: server.url })
  await listener.connect()
  afterTest(() => listener.close())
  await listener.subscribe('sojourn:changes', (message) => heard.push(message))
  await store.commit(KEY, { ...TOUCH, expect: expecting(HEADER, [NEXT]) })
  await store.commit(KEY, TOUCH)
  await store.commit(KEY, makeChange({ expect: expecting(HEADER), header: 'drop' }))
  const silent = openStore(openPort(server), { invalidation: 'none' })
  while ((await silent.commit(KEY, makeChange({ header: HEADER })).catch(() => 'waiting')) !== 'committed')
    await turn()
  await server.cli('PUBLISH', 'sojourn:changes', 'end')
  while (heard.at(-1) !== 'end') await turn()
  expect(heard).toEqual([PLACE, PLACE, 'end'])
})

test('a server that has forgotten the scripts gets them again', async () => {
  const { server, store } = await withSession()
  await server.cli('SCRIPT', 'FLUSH')
  expect(await store.commit(KEY, TOUCH)).toBe('committed')
  await server.cli('SCRIPT', 'FLUSH')
  expect(await store.documents.put('ring', 'absent', 'x')).toBe('committed')
})

test('a revocation that reached its voters is committed, and one that did not is uncertain', {
  timeout: 30_000,
}, async () => {
  const primary = await startRedis()
  afterTest(() => primary.stop())
  const replica = await startRedis({ replicaOf: primary })
  afterTest(() => replica.stop())
  const store = openStore(openPort(primary), { voters: 1 })
  expect(store.traits.writeClasses).toEqual(['fast', 'replicated'])
  while (
    !(await store.ping().then(
      () => true,
      () => false,
    ))
  )
    await turn()
  await store.commit(KEY, makeChange({ header: HEADER, put: [RECORD] }))
  expect(await store.commit(KEY, REVOCATION)).toBe('committed')
  expect(await replica.cli('HSTRLEN', PLACE, 'h')).not.toBe('0')
  replica.pause()
  const next = {
    ...REVOCATION,
    expect: { ...expecting(HEADER), epoch: 1, rosterVersion: 2 },
    header: { ...HEADER, version: 3, epoch: 2 },
  }
  expect(await store.commit(KEY, next)).toBe('uncertain')
  expect(await store.commit(KEY, { ...next, writeClass: 'fast' }), 'it was applied').toBe('conflict')
  await expect(store.documents.put('ring', 'absent', 'x')).rejects.toMatchObject({
    code: 'STORE_UNAVAILABLE',
    message: expect.stringContaining('not all voters'),
  })
  expect(await primary.cli('HGET', 'sojourn:{1bz}:document:ring', 'version')).toBe('1')
  replica.resume()
})

async function overwrite({ server }: Setting, field: string, value: Buffer | string): Promise<void> {
  await server.cli('HSET', PLACE, field, value)
}

const OTHER = makeHeader({ incarnation: makeIncarnation(2) })
const FRESH = makeChange({ header: OTHER, put: [makeRecord({ number: makeNumber(9) })] })

test('with a short fence the voters have a tenth of it, so that a heartbeat behind a commit is in time', async () => {
  const { port } = await withSession()
  const waits: number[] = []
  const watched: RedisPort = {
    ...port,
    writeAndWait(args, options) {
      waits.push(options.timeoutMs)
      return port.writeAndWait(args, options)
    },
  }
  for (const fence of ['1s', '5s'] as const)
    await openStore(watched, { voters: 1, fence }).commit(KEY, { ...TOUCH, writeClass: 'replicated' })
  expect(waits).toEqual([100, 500])
})

test('a roster whose header is damaged is replaced whole by a creation, and by nothing else', async () => {
  const setting = await withSession()
  const { store } = setting
  await overwrite(setting, 'h', 'damaged')
  expect(await store.commit(KEY, TOUCH)).not.toBe('committed')
  expect(await store.list(KEY)).toBe('damaged')
  expect(await store.commit(KEY, FRESH)).toBe('committed')
  expect(await store.list(KEY)).toEqual({ header: OTHER, records: FRESH.put, unreadable: [] })
})

test('a roster with more fields than anybody writes is read one way, and what is damaged in it can be cleared away', async () => {
  const setting = await withSession()
  const { server, store } = setting
  const extra = Array.from({ length: 2 * MAX_RECORDS }, (_, index) => [`extra${index}`, 'x'])
  await server.cli('HSET', PLACE, ...extra.flat())
  const damagedNow = async (): Promise<readonly SessionNumber[]> => {
    expect(await store.read(KEY, RECORD.number)).toEqual({ header: HEADER, record: RECORD })
    const roster = await store.list(KEY)
    expect(roster).toMatchObject({ header: HEADER, records: [RECORD] })
    return (roster as Roster).unreadable.map(({ number }) => number)
  }
  expect(await store.commit(KEY, FRESH)).toBe('conflict')
  for (let round = 0; round < 2; round++) {
    const damaged = await damagedNow()
    expect(damaged).toHaveLength(MAX_RECORDS)
    const remove = damaged.map((number) => ({ number, why: 'damaged', absoluteDeadline: 0 }) as const)
    expect(await store.commit(KEY, makeChange({ expect: expecting(HEADER), remove }))).toBe('committed')
  }
  expect(await damagedNow()).toEqual([])
})

test('records without a header are no roster, and none of them comes back with the next one', async () => {
  const { server, store } = await withSession()
  await server.cli('HDEL', PLACE, 'h')
  expect(await store.read(KEY, RECORD.number)).toBe(undefined)
  expect(await store.list(KEY)).toBe(undefined)
  expect(await store.commit(KEY, TOUCH)).toBe('gone')
  expect(await store.commit(KEY, FRESH)).toBe('committed')
  expect(await store.list(KEY)).toEqual({ header: OTHER, records: FRESH.put, unreadable: [] })
})

test('a damaged record counts as absent: its number may be taken, and it may be removed', async () => {
  const setting = await withSession()
  const { store } = setting
  await overwrite(setting, RECORD.number, 'damaged')
  const second = makeNumber(2)
  await overwrite(setting, second, 'too')
  const taking = { ...expecting(HEADER), records: [{ number: RECORD.number, version: 'absent' as const }] }
  const remove = [{ number: second, why: 'damaged' as const, absoluteDeadline: 0 }]
  expect(await store.commit(KEY, TOUCH)).toBe('conflict')
  expect(await store.commit(KEY, makeChange({ expect: taking, put: [RECORD], remove }))).toBe('committed')
  expect(await store.list(KEY)).toEqual({ header: HEADER, records: [RECORD], unreadable: [] })
})

test('what a later version wrote is never replaced, and may be dropped', async () => {
  const setting = await withSession()
  const { server, store } = setting
  const other = makeRosterKey(2)
  await store.commit(other, makeChange({ header: HEADER, put: [RECORD] }))
  await overwrite(setting, RECORD.number, newer(KEY + RECORD.number + HEADER.incarnation))
  const remove = [{ number: RECORD.number, why: 'revoked' as const, absoluteDeadline: 0 }]
  expect(await store.read(KEY, RECORD.number)).toEqual({ header: HEADER, unreadable: 'newer' })
  expect(await store.commit(KEY, TOUCH)).toBe('conflict')
  expect(await store.commit(KEY, makeChange({ expect: expecting(HEADER), remove }))).toBe('conflict')
  expect(await store.commit(KEY, makeChange({ expect: expecting(HEADER), put: [NEXT] }))).toBe('conflict')
  expect(await store.commit(KEY, makeChange({ expect: expecting(HEADER), header: 'drop', remove }))).toBe(
    'committed',
  )
  await server.cli('HSET', PLACE, 'h', newer(KEY))
  expect(await store.list(KEY)).toBe('newer')
  expect(await store.commit(KEY, FRESH)).toBe('conflict')
  expect(await store.commit(KEY, makeChange({ expect: expecting(HEADER), header: 'drop' }))).toBe('conflict')
})

test('a document that is none is an error and is not made a second time', async () => {
  const { server, store } = await withSession()
  const place = 'sojourn:{1bz}:document:ring'
  await server.cli('HSET', place, 'version', '7')
  await expect(store.documents.get('ring')).rejects.toMatchObject({ code: 'STORE_CORRUPT' })
  expect(await store.documents.put('ring', 'absent', 'x')).toBe('conflict')
  await server.cli('HSET', place, 'version', 'seven', 'value', 'x')
  await expect(store.documents.get('ring')).rejects.toMatchObject({ code: 'STORE_CORRUPT' })
})

test('a value that no reader would look at is refused', async () => {
  const { store } = await withSession()
  const large = { ...NEXT, data: Buffer.alloc(1 << 20) }
  await expect(store.commit(KEY, { ...TOUCH, put: [large] })).rejects.toMatchObject({
    code: 'DATA_TOO_LARGE',
  })
})

/** A value of the next format, under its own address. */
function newer(address: string): Buffer {
  const body = Buffer.from([FORMAT + 1, 0, 0, 0, 1, 0, 0, 0, 0])
  const checksum = Buffer.alloc(4)
  checksum.writeUInt32BE(crc32(body, crc32(address)))
  return Buffer.concat([body, checksum])
}

/** What `commit.lua` answers when it has committed, and `put-document.lua`. */
function committedBy(args: readonly CommandArgument[]): number {
  const [receipt] = args.slice(12)
  return receipt === undefined ? 1 : 4 * Number(receipt) + 1
}

test.each<[string, (own: number) => Reply]>([
  ['the answer to another commit', (own) => own + 4],
  ['a number of something else', () => 1],
  ['no number', () => 'OK'],
])('%s is not taken for the answer to this one: nobody knows what became of it', async (_, reply) => {
  const port: RedisPort = {
    traits: { driver: 'scripted', topology: 'single', invalidation: 'none' },
    command: (args) => Promise.resolve(reply(committedBy(args))),
    writeAndWait: () => Promise.reject(new Error('No write waits here.')),
    close: async () => undefined,
  }
  await expect(openStore(port).commit(KEY, TOUCH)).rejects.toMatchObject({
    code: 'STORE_UNAVAILABLE',
    retryable: true,
  })
})

test('a WAIT that is answered with no number confirms nothing', async () => {
  const port: RedisPort = {
    traits: { driver: 'scripted', topology: 'single', invalidation: 'none' },
    command: () => Promise.reject(new Error('Only writes are sent.')),
    writeAndWait: (args) => Promise.resolve({ reply: committedBy(args), replicas: Number('OK') }),
    close: async () => undefined,
  }
  const store = openStore(port, { voters: 2 })
  expect(await store.commit(KEY, REVOCATION)).toBe('uncertain')
  await expect(store.documents.put('deployment', 'absent', '{}')).rejects.toMatchObject({
    code: 'STORE_UNAVAILABLE',
  })
})
