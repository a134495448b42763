/**
 * The file before SQLite touches it: is it there, may we write it, is it ours? Whatever is not ours is left
 * exactly as it is.
 *
 * An existing file is never opened here with `node:fs`: closing such a descriptor would drop the POSIX locks
 * that another store of this process holds on it (https://sqlite.org/howtocorrupt.html, 2.2). SQLite's own
 * `immutable` mode reads page 1 without locks, journal or -wal, and keeps count of descriptors.
 */
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readSync,
  statSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { SystemError } from '../../core/errors.ts'
import { asSystemError, corrupt, isNoDatabase, readOnly } from './failures.ts'

/** "Sjrn": what `PRAGMA application_id` says in our files, and `file(1)` can be taught. */
export const APPLICATION_ID = 0x53_6a_72_6e

const OWNER_ONLY = 0o600
const OWNER_ONLY_DIRECTORY = 0o700

/**
 * Makes the file when there is none (mode 0600; its directory too, 0700, when only that is missing) and makes
 * sure that an existing one is ours and writable.
 *
 * @throws SystemError `STORE_READ_ONLY`, `STORE_FOREIGN`, `STORE_CORRUPT`
 */
export function prepareFile(path: string): void {
  if (!existsSync(path)) createFile(path)
  const stats = statSync(path)
  if (!stats.isFile()) throw foreign(path, 'is not a file')
  try {
    accessSync(path, constants.R_OK | constants.W_OK)
  } catch (error) {
    throw readOnly(path, error)
  }
  if (stats.size > 0) assertOurs(path)
  else assertNeverUsed(path)
}

export function foreign(path: string, what: string): SystemError {
  return new SystemError(
    'STORE_FOREIGN',
    `${path} ${what}. It was left as it is; give the session store a path of its own.`,
  )
}

/** The file that a path names now: another one after somebody renamed or restored over it. */
export function identity(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false })
  return stats === undefined ? 'none' : `${stats.dev}:${stats.ino}`
}

function createFile(path: string): void {
  try {
    if (!existsSync(dirname(path))) mkdirSync(dirname(path), { mode: OWNER_ONLY_DIRECTORY })
    // Mode at creation, so that no umask and no moment in between leaves it readable to others.
    closeSync(openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, OWNER_ONLY))
  } catch (error) {
    // Another process was quicker.
    if (codeOf(error) === 'EEXIST' && existsSync(path)) return
    throw cannotCreate(path, error)
  }
}

function cannotCreate(path: string, error: unknown): SystemError {
  const code = codeOf(error)
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new SystemError('STORE_FULL', `There is no room left to create ${path}. Make room on its disk.`, {
      retryable: true,
      cause: error,
    })
  }
  return readOnly(path, error)
}

/** SQLite empties a -wal beside an empty database: a file that lost its pages must not start over unnoticed. */
function assertNeverUsed(path: string): void {
  if (sizeOf(`${path}-wal`) > 0) throw corrupt(path, new Error('it is empty but has a write-ahead log'))
}

function assertOurs(path: string): void {
  const { applicationId, pageSize } = readFirstPage(path)
  if (applicationId !== APPLICATION_ID) {
    throw foreign(path, `is the database of another application (application_id ${applicationId})`)
  }
  // SQLite would read what is missing of the last page as zeros. With a log beside it, that is where the page is.
  const isWhole = sizeOf(path) % pageSize === 0 || sizeOf(`${path}-wal`) + sizeOf(`${path}-journal`) > 0
  if (!isWhole) throw corrupt(path, new Error('it ends inside a page'))
}

function readFirstPage(path: string): { applicationId: number; pageSize: number } {
  const url = pathToFileURL(path)
  url.searchParams.set('immutable', '1')
  const database = new DatabaseSync(url, { readOnly: true, defensive: false })
  try {
    // A checkpoint that ran out of disk leaves the file shorter than page 1 says, the rest being in the -wal.
    // That is judged when the database is opened with its -wal; here it must not keep page 1 from being read.
    database.exec('PRAGMA writable_schema = ON')
    return {
      applicationId: Number(database.prepare('PRAGMA application_id').get()?.application_id),
      pageSize: Number(database.prepare('PRAGMA page_size').get()?.page_size),
    }
  } catch (error) {
    throw isNoDatabase(error) ? noDatabase(path, error) : asSystemError(error, path)
  } finally {
    database.close()
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}

/** Zeros are what a crashed disk leaves of a file; anything else belongs to somebody. */
function noDatabase(path: string, error: unknown): SystemError {
  return isZeroFilled(path) ? corrupt(path, error) : foreign(path, 'is not a SQLite database')
}

function isZeroFilled(path: string): boolean {
  const start = Buffer.alloc(100)
  const file = openSync(path, constants.O_RDONLY)
  readSync(file, start)
  closeSync(file)
  return start.every((byte) => byte === 0)
}

function codeOf(error: unknown): unknown {
  return (error as { readonly code?: unknown }).code
}
