// What Memcached loses is over: nothing that was there before comes back, whatever was on its way.
import { expect, test } from 'vitest'
import type { MemcachedServer } from 'sojourn-test-programs'
import type { CommitAnswer, RosterChange, SessionStore } from '../../core/store.ts'
import {
  expecting,
  makeChange,
  makeHeader,
  makeIncarnation,
  makeNumber,
  makeRecord,
  makeRosterKey,
} from '../../testing/builders.ts'
import {
  answers,
  CREATION,
  HEADER,
  KEY,
  openStore,
  RECORD,
  startServer,
  until,
  withSession,
} from './memcached.fixture.ts'
import type { Server } from './wire/server.ts'

const TOUCH = makeChange({ expect: expecting(HEADER, [RECORD]), put: [{ ...RECORD, version: 2 }] })
const OTHER = makeHeader({ incarnation: makeIncarnation(2), subject: 'ada@example.org' })
const OTHERS_CREATION = makeChange({ header: OTHER, put: [makeRecord({ number: makeNumber(9) })] })

interface Held {
  readonly store: SessionStore
  /** Commits, and resolves when the roster was read and the write is about to be sent. */
  readonly begin: (change: RosterChange) => Promise<{ readonly finish: () => Promise<CommitAnswer> }>
}

/** A store whose writes wait between reading and writing. */
function held({ address }: MemcachedServer): Held {
  const reached = Promise.withResolvers<void>()
  const release = Promise.withResolvers<void>()
  const wait = async (): Promise<void> => {
    reached.resolve()
    await release.promise
  }
  const around = (server: Server): Server => ({
    ...server,
    replace: async (found, item) => wait().then(() => server.replace(found, item)),
    remove: async (found) => wait().then(() => server.remove(found)),
  })
  const store = openStore({ addresses: [address], around })
  return {
    store,
    async begin(change) {
      const answer = store.commit(KEY, change)
      await reached.promise
      return {
        finish() {
          release.resolve()
          return answer
        },
      }
    },
  }
}

async function numberOf(server: MemcachedServer): Promise<string | undefined> {
  return /\bc\d+/.exec(await server.ask(`mg sojourn:${KEY} c`))?.[0]
}

const DROP = makeChange({ expect: expecting(HEADER), header: 'drop' })

test.each([
  ['a write', TOUCH],
  ['a removal', DROP],
])(
  '%s that was decided before a restart does not land after it, though what is there now has the same number',
  async (_, change) => {
    const { server } = await withSession()
    const { store, begin } = held(server)
    const before = await numberOf(server)
    const { finish } = await begin(change)
    await server.kill()
    await server.restart()
    await until(() => answers(store))
    const fresh = openStore({ addresses: [server.address] })
    expect(await fresh.commit(KEY, OTHERS_CREATION)).toBe('committed')
    expect(await numberOf(server)).toBe(before)
    expect(await finish()).toBe('gone')
    expect(await fresh.list(KEY)).toEqual({ header: OTHER, records: OTHERS_CREATION.put, unreadable: [] })
  },
)

test('a write that was decided before the servers were flushed does not land', async () => {
  const { server, store } = await withSession()
  const { finish } = await held(server).begin(TOUCH)
  await server.ask('flush_all')
  expect(await finish()).toBe('gone')
  expect(await store.list(KEY)).toBe(undefined)
})

test('a write that was decided before the roster was dropped and made anew does not land', async () => {
  const { server, store } = await withSession()
  const { finish } = await held(server).begin(TOUCH)
  expect(await store.commit(KEY, DROP)).toBe('committed')
  expect(await store.commit(KEY, OTHERS_CREATION)).toBe('committed')
  expect(await finish()).toBe('gone')
  expect(await store.list(KEY)).toMatchObject({ header: OTHER })
})

test('a restart ends all sessions, and what was known of them before creates nothing', async () => {
  const { server, store } = await withSession()
  await server.restart()
  await until(() => answers(store))
  expect(await store.read(KEY, RECORD.number)).toBe(undefined)
  for (const change of [TOUCH, DROP]) expect(await store.commit(KEY, change)).toBe('gone')
  expect(await store.list(KEY)).toBe(undefined)
})

test('with the least of memory, rosters are evicted, each whole, and none of them comes back', async () => {
  const { address } = await startServer({ args: ['-m', '1', '-I', '512k'] })
  const store = openStore({ addresses: [address] })
  const rosters = Array.from({ length: 400 }, (_, index) => ({
    key: makeRosterKey(index + 1),
    header: makeHeader({ subject: `user-${index}` }),
    record: makeRecord({ data: Buffer.alloc(8_000, index) }),
  }))
  for (const { key, header, record } of rosters)
    expect(await store.commit(key, makeChange({ header, put: [record] }))).toBe('committed')
  const evicted = await Promise.all(rosters.map(async ({ key }) => (await store.list(key)) === undefined))
  expect(evicted.filter(Boolean).length).toBeGreaterThan(0)
  for (const [index, { key, header, record }] of rosters.entries()) {
    if (evicted[index] !== true) continue
    const put = [{ ...record, version: 2, data: Buffer.alloc(0) }]
    expect(await store.commit(key, makeChange({ expect: expecting(header, [record]), put }))).toBe('gone')
    expect(await store.list(key)).toBe(undefined)
  }
})

test('where nothing may be evicted, what finds no room is refused, and what was there is whole or over', async () => {
  const { address } = await startServer({ args: ['-m', '1', '-I', '512k', '-M'] })
  const store = openStore({ addresses: [address] })
  const refusals = new Set<unknown>()
  for (let index = 1; index <= 400; index++) {
    const put = [makeRecord({ data: Buffer.alloc(8_000, index) })]
    await store.commit(makeRosterKey(index), makeChange({ header: HEADER, put })).catch((error: unknown) => {
      refusals.add((error as { code?: unknown }).code)
    })
  }
  expect([...refusals]).toEqual(['STORE_FULL'])
  const found = await store.list(makeRosterKey(1))
  expect(found === undefined || (typeof found === 'object' && found.records.length === 1)).toBe(true)
})

test('a roster that becomes too large is refused before it is sent, and stays as it was; ending sessions in it goes on', async () => {
  const { store } = await withSession()
  const large = Array.from({ length: 20 }, (_, index) =>
    makeRecord({ number: makeNumber(index + 2), data: Buffer.alloc(52_000, index) }),
  )
  let { header } = CREATION as { header: typeof HEADER }
  let refusal: unknown
  const admitted = [RECORD]
  for (const record of large) {
    const next = { ...header, version: header.version + 1 }
    try {
      await store.commit(KEY, makeChange({ expect: expecting(header), header: next, put: [record] }))
    } catch (error) {
      refusal = error
      break
    }
    header = next
    admitted.push(record)
  }
  expect(refusal).toMatchObject({ code: 'DATA_TOO_LARGE', message: expect.stringContaining('(-I)') })
  expect(await store.list(KEY)).toMatchObject({ header, records: { length: admitted.length } })
  const revocation = { ...header, version: header.version + 1, epoch: 1, globalEpoch: 2 ** 47 }
  expect(await store.commit(KEY, makeChange({ expect: expecting(header), header: revocation }))).toBe(
    'committed',
  )
})
