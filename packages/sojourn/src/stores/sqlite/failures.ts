/**
 * What SQLite's result codes mean to a caller. Busy is not a failure: it is waited out (`waiting.ts`).
 *
 *     BUSY, PROTOCOL                          another process is writing: try again
 *     FULL                                    STORE_FULL          retryable
 *     READONLY, PERM                          STORE_READ_ONLY
 *     CORRUPT, NOTADB, a short read,
 *     a table or column that is not there     STORE_CORRUPT
 *     everything else                         STORE_UNAVAILABLE   retryable
 *
 * @see https://sqlite.org/rescode.html
 */
import { SystemError } from '../../core/errors.ts'

const ERROR = 1
const PERM = 3
const BUSY = 5
const READONLY = 8
const CORRUPT = 11
const FULL = 13
const CANTOPEN = 14
const PROTOCOL = 15
const SCHEMA = 17
const NOTADB = 26
const IOERR_SHORT_READ = 522
const IOERR_CORRUPTFS = 8458

/** SQLite's extended result code; `undefined` for an error that is not SQLite's. */
function resultCode(error: unknown): number | undefined {
  const { code, errcode } = error as { readonly code?: unknown; readonly errcode?: unknown }
  return code === 'ERR_SQLITE_ERROR' && typeof errcode === 'number' ? errcode : undefined
}

/** Somebody else holds the lock; the same call will do later. */
export function isBusy(error: unknown): boolean {
  return hasPrimaryCode(error, [BUSY, PROTOCOL])
}

/** The file does not begin like a SQLite database. */
export function isNoDatabase(error: unknown): boolean {
  return hasPrimaryCode(error, [NOTADB])
}

/** SQLite could not make or open the files beside the database. */
export function cannotOpen(error: unknown): boolean {
  return hasPrimaryCode(error, [CANTOPEN])
}

/** The `SystemError` for what SQLite threw; anything else as it is. */
export function asSystemError(error: unknown, path: string): unknown {
  const code = resultCode(error)
  if (code === undefined) return error
  if (hasPrimaryCode(error, [FULL])) {
    return new SystemError(
      'STORE_FULL',
      `There is no room left to write ${path}; nothing was changed. Make room on its disk.`,
      { retryable: true, cause: error },
    )
  }
  if (hasPrimaryCode(error, [READONLY, PERM])) return readOnly(path, error)
  if (
    hasPrimaryCode(error, [CORRUPT, NOTADB, ERROR, SCHEMA]) ||
    code === IOERR_SHORT_READ ||
    code === IOERR_CORRUPTFS
  )
    return corrupt(path, error)
  return new SystemError('STORE_UNAVAILABLE', `SQLite cannot work with ${path} now (${messageOf(error)}).`, {
    retryable: true,
    cause: error,
  })
}

export function readOnly(path: string, cause: unknown): SystemError {
  const message = `${path} cannot be written (${messageOf(cause)}). Let the process that runs this write the file and its directory, where SQLite keeps two more files.`
  return new SystemError('STORE_READ_ONLY', message, { cause })
}

export function corrupt(path: string, cause: unknown): SystemError {
  const message = `${path} is damaged (${messageOf(cause)}). Stop every process that uses it, keep a copy, and restore a backup; or remove it together with its -wal and -shm files, which ends all sessions.`
  return new SystemError('STORE_CORRUPT', message, { cause })
}

function hasPrimaryCode(error: unknown, codes: readonly number[]): boolean {
  const code = resultCode(error)
  return code !== undefined && codes.includes(code & 0xff)
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
