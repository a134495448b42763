/**
 * Opens the database: our file (`file.ts`), our schema version, write-ahead log, and proof that it can be
 * written. Opening happens once, at start, and is synchronous, so a start with a file that cannot work fails
 * where it is configured.
 */
import { readFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { SystemError } from '../../core/errors.ts'
import { asSystemError, cannotOpen, corrupt, isBusy, readOnly } from './failures.ts'
import { APPLICATION_ID, foreign, prepareFile } from './file.ts'
import { inTransaction } from './transaction.ts'

/** Raised with every migration; migrations are appended, never edited. */
export const SCHEMA_VERSION = 1

/** SQLite does not wait at all for some locks (recovery, change of journal mode), so these are tried again. */
const TRIES = 50
const PAUSE_MS = 20

/**
 * @param waitMs how long to wait for another process that is just creating or recovering the file
 * @throws SystemError `STORE_READ_ONLY`, `STORE_FOREIGN`, `STORE_NEWER`, `STORE_CORRUPT`, `STORE_FULL`, `STORE_UNAVAILABLE`
 */
export function openDatabase(path: string, waitMs: number): DatabaseSync {
  prepareFile(path)
  const database = new DatabaseSync(path, { open: false })
  try {
    database.open()
    database.exec(`PRAGMA busy_timeout = ${Math.ceil(waitMs / TRIES)}`)
    persistently(() => setUp(database, path))
    // From here on nobody waits on the event loop's thread; waiting.ts does it with timers.
    database.exec('PRAGMA busy_timeout = 0')
    return database
  } catch (error) {
    closeQuietly(database)
    throw cannotOpen(error) ? readOnly(path, error) : asSystemError(error, path)
  }
}

function setUp(database: DatabaseSync, path: string): void {
  if (isUnused(database)) createSchema(database)
  assertVersion(database, path)
  if (pragma(database, 'journal_mode = WAL') !== 'wal') {
    throw new SystemError(
      'STORE_UNAVAILABLE',
      `The file system of ${path} cannot keep a write-ahead log. Put the file on a local disk.`,
    )
  }
  // trusted_schema: an edited schema runs no functions. cell_size_check: a damaged page is noticed, not followed.
  // secure_delete: what was deleted is overwritten, so that erasing a subject erases it.
  database.exec(
    'PRAGMA synchronous = NORMAL; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA secure_delete = ON; PRAGMA cache_size = -16384',
  )
  database.exec('PRAGMA journal_size_limit = 67108864')
  assertWritable(database)
}

/** Under the lock, because another process may be creating the same file. */
function createSchema(database: DatabaseSync): void {
  const create = (): void => {
    if (isUnused(database)) database.exec(readFileSync(new URL('./schema.sql', import.meta.url), 'utf8'))
    // In the same transaction and before WAL, so that page 1 of the file itself always says whose it is.
    database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}`)
  }
  inTransaction(database, create, { durable: true })
}

function isUnused(database: DatabaseSync): boolean {
  return pragma(database, 'user_version') === 0 && pragma(database, 'schema_version') === 0
}

function assertVersion(database: DatabaseSync, path: string): void {
  if (pragma(database, 'application_id') !== APPLICATION_ID)
    throw foreign(path, 'is the database of another application')
  const version = pragma(database, 'user_version') as number
  if (version === SCHEMA_VERSION) return
  if (version < SCHEMA_VERSION) throw corrupt(path, new Error(`there is no schema version ${version}`))
  throw new SystemError(
    'STORE_NEWER',
    `${path} has schema version ${version}; this version of Sojourn knows ${SCHEMA_VERSION}. It was left as it is; run the newer version, or give this one another path.`,
  )
}

/** A file that can only be read opens without an error; better to know now. Somebody else writing is proof enough. */
function assertWritable(database: DatabaseSync): void {
  try {
    database.exec('BEGIN IMMEDIATE; ROLLBACK')
  } catch (error) {
    if (!isBusy(error)) throw error
  }
}

function persistently(step: () => void): void {
  for (let left = TRIES; ; left--) {
    try {
      return step()
    } catch (error) {
      if (!isBusy(error) || left <= 1) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS)
    }
  }
}

function pragma(database: DatabaseSync, text: string): unknown {
  return Object.values(database.prepare(`PRAGMA ${text}`).get() ?? {})[0]
}

function closeQuietly(database: DatabaseSync): void {
  try {
    database.close()
  } catch {
    // It was never opened.
  }
}
