// Connections: what a store says when a server is away, silent, cut off, somebody else's, or not what it is taken for.
import { describe, expect, test } from 'vitest'
import { type Link, startLink, startRedis } from 'sojourn-test-programs'
import type { SessionStore } from '../../core/store.ts'
import { makeChange, makeHeader, makeNumber, makeRecord, makeRosterKey } from '../../testing/builders.ts'
import { memcachedStore } from './index.ts'
import {
  afterTest,
  answers,
  CREATION,
  HEADER,
  KEY,
  openStore,
  pause,
  RECORD,
  startServer,
  until,
  withSession,
} from './memcached.fixture.ts'

const UNAVAILABLE = { code: 'STORE_UNAVAILABLE', retryable: true }

async function linkTo(port: number): Promise<{ readonly link: Link; readonly store: SessionStore }> {
  const link = await startLink(port)
  afterTest(() => link.stop())
  const store = openStore({ addresses: [`127.0.0.1:${link.port}`], prefix: 'link' })
  await store.ping()
  return { link, store }
}

test('every byte comes back through every command, whatever it looks like', async () => {
  const { store } = await withSession()
  const every = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
  const traps = Buffer.from('\r\nEN O1\r\nHD O2\r\nmd sojourn:servers\r\nflush_all\r\nEND\r\n')
  const data = Buffer.concat([every, traps, every])
  const key = makeRosterKey(2)
  const record = makeRecord({ data })
  expect(await store.commit(key, makeChange({ header: HEADER, put: [record] }))).toBe('committed')
  expect(await store.read(key, RECORD.number)).toMatchObject({ record: { data } })
  const next = { ...record, version: 2, data: Buffer.concat([traps, every]) }
  const { incarnation, epoch } = HEADER
  const expect2 = { incarnation, epoch, records: [{ number: record.number, version: 1 }] }
  expect(await store.commit(key, makeChange({ expect: expect2, put: [next] }))).toBe('committed')
  expect(await store.read(key, RECORD.number)).toMatchObject({ record: { data: next.data } })
  expect(await store.commit(key, makeChange({ expect: { ...expect2, records: [] }, header: 'drop' }))).toBe(
    'committed',
  )
  const name = 'ring \r\n\u0000é👩🏽‍🚀'
  expect(await store.documents.put(name, 'absent', every.toString('latin1'))).toBe('committed')
  expect(await store.documents.get(name)).toEqual({ version: 1, value: every.toString('latin1') })
  expect(await store.list(KEY), 'the others are untouched').toMatchObject({ header: HEADER })
})

test('a server that is away makes its own rosters unavailable, never absent, and no others', async () => {
  const servers = [await startServer(), await startServer()]
  const store = openStore({ addresses: servers.map(({ address }) => address) })
  const keys = Array.from({ length: 20 }, (_, index) => makeRosterKey(index + 1))
  for (const key of keys) await store.commit(key, CREATION)
  await servers[0]?.kill()
  await until(async () => !(await answers(store)))
  const found = await Promise.all(
    keys.map((key) =>
      store.list(key).then(
        (roster) => typeof roster,
        (error: { code: string }) => error.code,
      ),
    ),
  )
  expect(new Set(found)).toEqual(new Set(['object', 'STORE_UNAVAILABLE']))
  const away = keys[found.indexOf('STORE_UNAVAILABLE')] ?? KEY
  await expect(store.commit(away, CREATION)).rejects.toMatchObject(UNAVAILABLE)
  await servers[0]?.restart()
  await until(() => answers(store))
  expect(await store.list(away)).toBe(undefined)
})

test('calls that are made before there is a connection wait for the first attempt, and for no other', async () => {
  const server = await startServer()
  const { address } = server
  await server.kill()
  const store = openStore({ addresses: [address] })
  await expect(store.list(KEY)).rejects.toMatchObject(UNAVAILABLE)
  await expect(store.ping()).rejects.toMatchObject({ message: expect.stringContaining(address) })
  await server.restart()
  await until(() => answers(store))
})

test.each(['paused', 'cut off in silence'])(
  'a server that is %s is given up, and found again',
  async (how) => {
    const server = await startServer()
    const { link, store } = await linkTo(server.port)
    if (how === 'paused') await pause(server)
    else link.swallow()
    await expect(store.list(KEY)).rejects.toMatchObject({
      ...UNAVAILABLE,
      message: expect.stringContaining('silent'),
    })
    server.resume()
    await until(() => answers(store))
    expect(link.attempts()).toBeGreaterThan(1)
  },
)

test('silence is found while nobody asks anything', async () => {
  const server = await startServer()
  const { link } = await linkTo(server.port)
  expect(link.attempts()).toBe(1)
  link.swallow()
  await until(async () => link.attempts() > 1)
})

test('half an answer is none: the call fails, and the next one has a connection of its own', async () => {
  const server = await startServer()
  const { link, store } = await linkTo(server.port)
  const cut = link.cutAt('answer', 'ada@example.org')
  await store.commit(KEY, CREATION)
  await expect(store.list(KEY)).rejects.toMatchObject(UNAVAILABLE)
  await cut
  await until(() => answers(store))
  expect(await store.list(KEY)).toMatchObject({ header: HEADER })
})

test('a write whose answer is lost is unknown, and can be found again', async () => {
  const server = await startServer()
  const { link, store } = await linkTo(server.port)
  const cut = link.cutAt('answer', 'HD O')
  await expect(store.commit(KEY, CREATION)).rejects.toMatchObject(UNAVAILABLE)
  await cut
  await until(() => answers(store))
  expect(await store.list(KEY)).toMatchObject({ header: { lastCommit: HEADER.lastCommit } })
})

test('a server that speaks something else is no store', async () => {
  const redis = await startRedis()
  afterTest(() => redis.stop())
  const store = openStore({ addresses: [`127.0.0.1:${redis.port}`] })
  await expect(store.list(KEY)).rejects.toMatchObject({
    ...UNAVAILABLE,
    message: expect.stringMatching(/another program/),
  })
})

test('a server that is never reached does not fill the memory with what waits for it', async () => {
  const { server, store } = await withSession()
  await pause(server)
  const calls = Array.from({ length: 5_000 }, () =>
    store.list(KEY).then(String, (error: { code: string }) => error.code),
  )
  const codes = new Set(await Promise.all(calls))
  expect(codes).toEqual(new Set(['OVERLOADED', 'STORE_UNAVAILABLE']))
  server.resume()
})

test('a store that is closed lets go of its connections', async () => {
  const server = await startServer()
  const store = memcachedStore({ servers: [server.address] })
  await store.ping()
  const connections = async (): Promise<string | undefined> =>
    /curr_connections (\d+)/.exec(await server.ask('stats'))?.[1]
  const before = Number(await connections())
  expect(before).toBeGreaterThan(1)
  await store.close()
  await until(async () => Number(await connections()) === before - 1)
})

describe('what a server is taken for', () => {
  const REFUSED = { code: 'DEPLOYMENT_MISMATCH', retryable: false }

  test('a process with another list of servers is refused', async () => {
    const [first, second] = [await startServer(), await startServer()]
    const store = openStore({ addresses: [first.address, second.address] })
    await store.ping()
    const other = openStore({ addresses: [first.address] })
    await expect(other.list(KEY)).rejects.toMatchObject({
      ...REFUSED,
      message: expect.stringMatching(/`servers`/),
    })
    const reversed = openStore({ addresses: [second.address, first.address] })
    await reversed.ping()
  })

  test('a process with one server more makes no deployment of its own there', async () => {
    const first = await startServer()
    await openStore({ addresses: [first.address] }).ping()
    for (let another = 0; another < 4; another++) {
      const second = await startServer()
      const store = openStore({ addresses: [first.address, second.address] })
      for (const name of ['deployment', 'one', 'two', 'three'])
        await expect(store.documents.put(name, 'absent', '{}')).rejects.toMatchObject(REFUSED)
    }
  })

  test('two names of one server are refused', async () => {
    const { port } = await startServer()
    const store = openStore({ addresses: [`127.0.0.1:${port}`, `localhost:${port}`] })
    await expect(store.ping()).rejects.toMatchObject(REFUSED)
  })

  test('whoever was there first is refused as soon as the server has been made another’s', async () => {
    const server = await startServer()
    const store = openStore({ addresses: [server.address] })
    await store.ping()
    await server.ask('ms sojourn:servers 5\r\nother')
    await until(async () =>
      store.list(KEY).then(
        () => false,
        (error: { code: string }) => error.code === REFUSED.code,
      ),
    )
    expect(await server.ask('md sojourn:servers')).toBe('HD\r\n')
    await until(() => answers(store))
  })

  test('a flush does not make it anybody’s: the name is written again', async () => {
    const server = await startServer()
    const store = openStore({ addresses: [server.address] })
    await store.ping()
    await server.ask('flush_all')
    await until(async () => (await server.ask('get sojourn:servers')).includes(server.address))
    expect(await answers(store)).toBe(true)
  })

  test('one that cannot compare before it sets is refused', async () => {
    const { address } = await startServer({ args: ['-C'] })
    const store = openStore({ addresses: [address] })
    await expect(store.ping()).rejects.toMatchObject({
      code: 'STORE_UNSUPPORTED',
      message: expect.stringMatching(/-C/),
    })
  })

  test('larger items are for larger rosters', async () => {
    const { address } = await startServer({ args: ['-I', '4m'] })
    const store = openStore({ addresses: [address] })
    const put = Array.from({ length: 60 }, (_, index) =>
      makeRecord({ number: makeNumber(index + 1), data: Buffer.alloc(50_000) }),
    )
    expect(await store.commit(KEY, makeChange({ header: makeHeader(), put }))).toBe('committed')
    expect(await store.list(KEY)).toMatchObject({ records: { length: put.length } })
  })
})

test('a Unix socket and TLS do as well', async () => {
  const socket = await startServer({ socket: true })
  const store = openStore({ addresses: [socket.address] })
  expect(await store.commit(KEY, CREATION)).toBe('committed')
  const secure = await startServer({ tls: true })
  const secured = memcachedStore({ servers: [secure.address], tls: { ca: secure.tls?.cert ?? '' } })
  afterTest(() => secured.close())
  expect(await secured.commit(KEY, CREATION)).toBe('committed')
  const distrustful = memcachedStore({ servers: [secure.address], tls: true })
  afterTest(() => distrustful.close())
  await expect(distrustful.list(KEY)).rejects.toMatchObject({
    ...UNAVAILABLE,
    message: expect.stringMatching(/self-signed/),
  })
})
