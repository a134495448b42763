import { renameSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { expect, test, vi } from 'vitest'
import { expecting, makeChange, makeHeader, makeRecord, makeRosterKey } from '../../testing/builders.ts'
import { fakeEnvironment } from '../../testing/fake-environment.ts'
import { turn } from '../../environment/turn.ts'
import { openDatabase } from './database.ts'
import { freshPath, HEADER, KEY, openStore, RECORD, storeWithSession } from './files.fixture.ts'
import { sqliteStoreOver } from './store.ts'

/** Locks are waited for here; only what hangs takes this long. */
vi.setConfig({ testTimeout: 60_000 })

/** What `PRAGMA synchronous` answers. */
const NORMAL = 1
const FULL = 2

const NEXT = { ...RECORD, version: 2 }
const CHANGE = makeChange({ expect: expecting(HEADER, [RECORD]), put: [NEXT] })

test.each(['fast', 'durable'] as const)(
  'a full disk is a clear error for a %s commit, changes nothing, and is over when there is room',
  async (writeClass) => {
    const path = freshPath()
    const database = openDatabase(path, 100)
    const store = sqliteStoreOver(database, { path, environment: fakeEnvironment(), deadline: 0 })
    await store.commit(KEY, makeChange({ header: HEADER, put: [RECORD] }))
    database.exec('PRAGMA max_page_count = 1')
    const large = makeRecord({ version: 2, data: Buffer.alloc(100_000, 1) })
    const change = { ...CHANGE, put: [large], header: makeHeader({ version: 2 }), writeClass }
    await expect(store.commit(KEY, change)).rejects.toMatchObject({
      code: 'STORE_FULL',
      retryable: true,
      message: expect.stringContaining(path),
    })
    expect(await store.list(KEY)).toEqual({ header: HEADER, records: [RECORD], unreadable: [] })
    expect(await store.commit(KEY, CHANGE)).toBe('committed')
    database.exec('PRAGMA max_page_count = 1000')
    expect(await store.commit(KEY, { ...change, expect: expecting(HEADER, [NEXT]) })).toBe('committed')
    expect(await store.list(KEY)).toMatchObject({ records: [large] })
    await store.close()
  },
)

test('a durable commit and every document reach the disk before they are acknowledged, a fast commit does not', async () => {
  const path = freshPath()
  const database = openDatabase(path, 100)
  const levels: unknown[] = []
  const execute = database.exec.bind(database)
  database.exec = (sql) => {
    if (sql === 'COMMIT') levels.push(database.prepare('PRAGMA synchronous').get()?.synchronous)
    execute(sql)
  }
  const store = sqliteStoreOver(database, { path, environment: fakeEnvironment(), deadline: 0 })
  await store.commit(KEY, makeChange({ header: HEADER, put: [RECORD] }))
  for (const writeClass of ['durable', 'fast', 'replicated'] as const)
    await store.commit(KEY, { ...CHANGE, writeClass })
  await store.documents.put('ring', 'absent', 'x')
  expect(levels).toEqual([NORMAL, FULL, NORMAL, FULL, FULL])
  await store.close()
})

test('while another process writes, a commit waits with a timer and then lands', async () => {
  const path = freshPath()
  await storeWithSession(path)
  const environment = fakeEnvironment()
  const store = openStore(path, { environment })
  const other = new DatabaseSync(path)
  other.exec('BEGIN IMMEDIATE')
  const answer = store.commit(KEY, CHANGE)
  await environment.advance(1_000)
  expect(await store.read(KEY, RECORD.number)).toMatchObject({ record: RECORD })
  expect(store.peek(KEY, RECORD.number)).toMatchObject({ record: RECORD })
  other.exec('ROLLBACK')
  other.close()
  await environment.advance(100)
  expect(await answer).toBe('committed')
  expect(environment.timers).toBe(0)
})

test('a lock that outlasts the deadline is a retryable error and nothing is written later', async () => {
  const path = freshPath()
  await storeWithSession(path)
  const environment = fakeEnvironment()
  const store = openStore(path, { environment, busyDeadline: '500ms' })
  const other = new DatabaseSync(path)
  other.exec('BEGIN IMMEDIATE')
  const answer = store.commit(KEY, CHANGE).catch((error: unknown) => error)
  await environment.advance(499)
  expect(environment.timers).toBe(1)
  await environment.advance(50)
  expect(await answer).toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true })
  expect(environment.timers).toBe(0)
  other.exec('ROLLBACK')
  other.close()
  expect(await store.read(KEY, RECORD.number)).toMatchObject({ record: RECORD })
})

test('closing ends a wait, without a write', async () => {
  const path = freshPath()
  await storeWithSession(path)
  const environment = fakeEnvironment()
  const store = openStore(path, { environment })
  const other = new DatabaseSync(path)
  other.exec('BEGIN IMMEDIATE')
  const answer = store.commit(KEY, CHANGE).catch((error: unknown) => error)
  await turn()
  await store.close()
  other.exec('ROLLBACK')
  other.close()
  await environment.advance(100)
  expect(await answer).toMatchObject({ code: 'CLOSED' })
})

test('a file that another process holds for itself alone refuses the start, and a later one may succeed', async () => {
  const path = freshPath()
  await (await storeWithSession(path)).close()
  const other = new DatabaseSync(path)
  other.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT')
  expect(() => openStore(path, { busyDeadline: '0s' })).toThrow(
    expect.objectContaining({ code: 'STORE_UNAVAILABLE', retryable: true }),
  )
  other.close()
  expect(await openStore(path).read(KEY, RECORD.number)).toMatchObject({ record: RECORD })
})

test('a table that disappears under an open store is damage, and a peek leaves saying so to the read', async () => {
  const path = freshPath()
  const store = await storeWithSession(path)
  const other = new DatabaseSync(path)
  other.exec('DROP TABLE session')
  other.close()
  expect(store.peek(KEY, RECORD.number)).toBe('ask')
  await expect(store.read(KEY, RECORD.number)).rejects.toMatchObject({ code: 'STORE_CORRUPT' })
  await expect(store.commit(KEY, CHANGE)).rejects.toMatchObject({ code: 'STORE_CORRUPT' })
})

test('a file that was replaced while open is noticed by ping and by writers', async () => {
  const path = freshPath()
  const store = await storeWithSession(path)
  await store.ping()
  renameSync(path, `${path}.old`)
  await expect(store.ping()).rejects.toMatchObject({
    code: 'STORE_UNAVAILABLE',
    message: expect.stringContaining('replaced'),
  })
  const commits = Array.from({ length: 64 }, (_, index) =>
    store.commit(makeRosterKey(index + 10), makeChange({ header: HEADER })),
  )
  const outcomes = await Promise.allSettled(commits)
  expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(1)
})
