import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout } from 'node:timers/promises'
import { describe, expect, test, vi } from 'vitest'
import { ConfigError, SystemError } from '../../core/errors.ts'
import { expecting, makeChange } from '../../testing/builders.ts'
import {
  edit,
  freshFolder,
  freshPath,
  HEADER,
  KEY,
  openStore,
  RECORD,
  startProcess,
  storeWithSession,
} from './files.fixture.ts'
import { SCHEMA_VERSION } from './database.ts'
import { APPLICATION_ID } from './file.ts'
import { sqliteStore } from './index.ts'

/** Processes are started here; only what hangs takes this long. */
vi.setConfig({ testTimeout: 60_000 })

const NOBODY = 65_534
const isRoot = process.getuid?.() === 0

describe('what is created', () => {
  test.each(['022', '000', '277'])(
    'only the owner can read or write the file and its companions under umask %s',
    async (umask) => {
      const path = freshPath()
      await startProcess(['create', path, '1'], { umask }).ended
      const store = openStore(path)
      await store.read(KEY, RECORD.number)
      const modes = readdirSync(dirname(path)).map((name) => [
        name,
        statSync(join(dirname(path), name)).mode & 0o077,
      ])
      expect(modes).toEqual([
        ['sessions.db', 0],
        ['sessions.db-shm', 0],
        ['sessions.db-wal', 0],
      ])
    },
  )

  test('a missing directory is made for its owner alone, a missing tree is not', () => {
    const folder = freshFolder()
    openStore(join(folder, 'data/sessions.db'))
    expect(statSync(join(folder, 'data')).mode & 0o777).toBe(0o700)
    expect(refusal(join(folder, 'no/such/sessions.db'))).toBe('STORE_READ_ONLY')
    expect(existsSync(join(folder, 'no'))).toBe(false)
  })

  test('processes that create the file at the same moment all succeed', async () => {
    const path = freshPath()
    const children = Array.from({ length: 6 }, () => startProcess(['open', path]))
    await Promise.all(children.map(({ ended }) => ended))
    expect(children.map(({ output }) => output())).toEqual(Array(6).fill('ok\n'))
  })
})

test('who finds the file being made by another process waits and uses what that one made', async () => {
  const path = freshPath()
  const other = new DatabaseSync(path)
  other.exec('BEGIN IMMEDIATE')
  const children = Array.from({ length: 5 }, () => startProcess(['open', path]))
  await setTimeout(900)
  other.exec(readFileSync(new URL('./schema.sql', import.meta.url), 'utf8'))
  other.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT`)
  other.close()
  await Promise.all(children.map(({ ended }) => ended))
  expect(children.map(({ output }) => output())).toEqual(Array(5).fill('ok\n'))
})

describe('what is not ours is refused and left as it is', () => {
  test.each([
    ['another application’s database', (path: string) => foreignDatabase(path, 'PRAGMA application_id = 7')],
    ['a database without a name', (path: string) => foreignDatabase(path, '')],
    [
      'another application’s database with a write-ahead log',
      (path: string) => foreignDatabase(path, 'PRAGMA journal_mode = WAL'),
    ],
    ['a text file', (path: string) => writeFileSync(path, 'Dear diary,\n'.repeat(1000))],
    ['a short text file', (path: string) => writeFileSync(path, 'x')],
  ])('%s', (_, make) => {
    const path = freshPath()
    make(path)
    utimesSync(path, 1, 1)
    const before = readFileSync(path)
    expect(refusal(path)).toBe('STORE_FOREIGN')
    expect(readFileSync(path)).toEqual(before)
    expect(statSync(path).mtimeMs).toBe(1000)
    expect(readdirSync(dirname(path))).toEqual(['sessions.db'])
  })

  test('a directory', () => {
    const path = freshPath()
    mkdirSync(path)
    expect(refusal(path)).toBe('STORE_FOREIGN')
  })

  test('a file of a later version of this library', async () => {
    const path = freshPath()
    await (await storeWithSession(path)).close()
    edit(path, 'PRAGMA user_version = 2')
    const before = readFileSync(path)
    expect(refusal(path)).toBe('STORE_NEWER')
    expect(readFileSync(path)).toEqual(before)
  })
})

describe('damage is named, not started over', () => {
  test.each([
    ['zero-filled', (path: string) => writeFileSync(path, Buffer.alloc(statSync(path).size))],
    ['cut in half', (path: string) => truncateSync(path, statSync(path).size / 2)],
    ['cut inside the last page', (path: string) => truncateSync(path, statSync(path).size - 100)],
    ['with garbage behind the first page', (path: string) => garble(path, 4096)],
    ['with garbage behind the first 100 bytes', (path: string) => garble(path, 100)],
    ['without one of its tables', (path: string) => edit(path, 'DROP TABLE session')],
    [
      'emptied, with a write-ahead log left',
      (path: string) => {
        writeFileSync(`${path}-wal`, 'x')
        truncateSync(path, 0)
      },
    ],
  ])('a file %s', async (_, damage) => {
    const path = freshPath()
    await (await storeWithSession(path)).close()
    damage(path)
    await expect(async () => openStore(path).list(KEY)).rejects.toMatchObject({
      code: 'STORE_CORRUPT',
      message: expect.stringContaining(path),
    })
  })

  test('after a torn end of the write-ahead log, everything before it is there', async () => {
    const path = freshPath()
    const store = await storeWithSession(path)
    await store.commit(
      KEY,
      makeChange({
        expect: { incarnation: HEADER.incarnation, epoch: 0, records: [] },
        put: [{ ...RECORD, version: 2 }],
      }),
    )
    const copy = freshPath()
    copyFileSync(path, copy)
    copyFileSync(`${path}-wal`, `${copy}-wal`)
    truncateSync(`${copy}-wal`, statSync(`${copy}-wal`).size - 50)
    expect(await openStore(copy).read(KEY, RECORD.number)).toEqual({ header: HEADER, record: RECORD })
  })
})

test('what a checkpoint had no room for is found in the write-ahead log', async () => {
  const path = freshPath()
  const store = await storeWithSession(path)
  const pages = statSync(path).size
  const large = { ...RECORD, version: 2, data: Buffer.alloc(100_000, 1) }
  await store.commit(KEY, makeChange({ expect: expecting(HEADER, [RECORD]), put: [large] }))
  edit(path, 'PRAGMA wal_checkpoint')
  const copy = freshPath()
  copyFileSync(path, copy)
  copyFileSync(`${path}-wal`, `${copy}-wal`)
  truncateSync(copy, pages + 100)
  expect(await openStore(copy).read(KEY, RECORD.number)).toEqual({ header: HEADER, record: large })
})

describe('a file that cannot be written refuses the start, with its path', () => {
  test.each([
    ['a read-only file', 0o777, 0o444],
    ['a directory that takes no new file beside it', 0o555, 0o666],
  ])('%s', async (_, folderMode, fileMode) => {
    const path = freshPath()
    await (await storeWithSession(path)).close()
    chmodSync(path, fileMode)
    chmodSync(dirname(path), folderMode)
    expect(await unprivileged(path)).toBe('STORE_READ_ONLY')
  })

  test('companions that belong to another user', async () => {
    const path = freshPath()
    await storeWithSession(path)
    chmodSync(dirname(path), 0o777)
    chmodSync(path, 0o666)
    chmodSync(`${path}-wal`, isRoot ? 0o600 : 0)
    expect(await unprivileged(path)).toBe('STORE_READ_ONLY')
  })

  test('a directory where no file can be made', async () => {
    const path = freshPath()
    chmodSync(dirname(path), 0o555)
    expect(await unprivileged(path)).toBe('STORE_READ_ONLY')
  })
})

test('options that cannot work are refused with their path', () => {
  for (const path of ['', ':memory:', 'file:x', 'a\0b'])
    expect(() => sqliteStore({ path })).toThrow(ConfigError)
  expect(() => sqliteStore({ path: freshPath(), busyDeadline: '2 seconds' as '2s' })).toThrow(/busyDeadline/)
})

/** The code of the error, which names the path. */
function refusal(path: string): string {
  try {
    openStore(path)
  } catch (error) {
    if (error instanceof SystemError && error.message.includes(path)) return error.code
    throw error
  }
  return 'opened'
}

/** What a process that is not root is told; root may write everything. */
async function unprivileged(path: string): Promise<string> {
  const child = startProcess(['open', path], isRoot ? { uid: NOBODY } : {})
  await child.ended
  return child.output().trim()
}

function foreignDatabase(path: string, sql: string): void {
  const database = new DatabaseSync(path)
  database.exec(`${sql}; CREATE TABLE diary (day TEXT); INSERT INTO diary VALUES ('monday')`)
  database.close()
}

function garble(path: string, from: number): void {
  const bytes = readFileSync(path)
  for (let at = from; at < bytes.length; at++) bytes[at] = (at * 31 + 7) & 0xff
  writeFileSync(path, bytes)
}
