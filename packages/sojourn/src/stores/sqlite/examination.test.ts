import { chmodSync, existsSync, mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { judgePlace } from './examination.ts'
import { sqliteStore, type SqliteStore } from './index.ts'

const TMPFS = 0x01021994
const isTmpfs = (path: string): boolean => existsSync(path) && statfsSync(path).type === TMPFS

function opened(folder: string): { readonly store: SqliteStore; readonly path: string } {
  const place = mkdtempSync(join(folder, 'sojourn-sqlite-'))
  onTestFinished(() => rmSync(place, { recursive: true }))
  const path = join(place, 'sessions.db')
  const store = sqliteStore({ path })
  onTestFinished(() => store.close())
  return { store, path }
}

async function codesOf(store: SqliteStore): Promise<readonly string[]> {
  const { findings } = await store.examine({ deadlineMs: 250 })
  return findings.map(({ code }) => code)
}

it('a file that others may read is found, and only while they may', async () => {
  const { store, path } = opened(tmpdir())
  expect(await codesOf(store)).not.toContain('sqlite-readable')
  chmodSync(path, 0o640)
  expect(await codesOf(store)).toContain('sqlite-readable')
})

it('a file in memory is found where there is such a file system, and one on a disk is not', async () => {
  for (const folder of [tmpdir(), '/dev/shm'].filter((path) => existsSync(path)))
    expect(await codesOf(opened(folder).store)).toEqual(isTmpfs(folder) ? ['sqlite-volatile'] : [])
})

it.each([
  [0x6969, ['sqlite-network']],
  [0xff534d42, ['sqlite-network']],
  [0xfe534d42, ['sqlite-network']],
  [TMPFS, ['sqlite-volatile']],
  [0xef53, []],
  [0x9123683e, []],
  [Number.NaN, []],
])('what the kernel calls %i is judged as %j', (kind, codes) => {
  expect(judgePlace(kind, '/data/sessions.db').map(({ code }) => code)).toEqual(codes)
})

it('a file that is gone is said to be unseen', async () => {
  const { store, path } = opened(tmpdir())
  rmSync(path)
  expect((await store.examine({ deadlineMs: 250 })).unseen).toMatchObject([{ what: 'the file' }])
})
