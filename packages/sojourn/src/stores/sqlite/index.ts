/**
 * A store in one SQLite file, for the processes of one machine. Survives restarts; no server.
 *
 *     -- read: the header and one record, one statement
 *     SELECT r.header, s.record FROM roster r LEFT JOIN session s ON s.roster = r.key AND s.number = ? WHERE r.key = ?
 *
 *     -- commit: compare and set, one transaction and one synchronous step
 *     BEGIN IMMEDIATE
 *     SELECT header FROM roster WHERE key = ?                      -- incarnation, epoch, version as expected?
 *     SELECT record FROM session WHERE roster = ? AND number = ?   -- version and privilege as expected?
 *     DELETE FROM session WHERE roster = ? AND number = ?
 *     INSERT INTO session … ON CONFLICT (roster, number) DO UPDATE SET …
 *     UPDATE roster SET header = ? WHERE key = ?
 *     COMMIT
 *
 *     roster      key → realm, subject, keep_hour, header        what people search by stands in plain columns;
 *     session     (roster, number) → address, …, record          the encoded header and record are the truth
 *     document    name → version, value
 *     quarantine  unreadable values that were replaced           (schema.sql, statements.sql)
 *
 * Write-ahead log. A `fast` commit survives the death of the process at any instant and may be lost with the
 * power; `durable` waits until the disk has it. SQLite is synchronous: a call holds the event loop for its few
 * microseconds (`durable`: for one fsync), and waits for another process's lock with a timer instead.
 */
import { resolve } from 'node:path'
import { type Duration, parseDuration } from '../../core/policy/duration.ts'
import type { Environment } from '../../core/environment.ts'
import { ConfigError, type ConfigProblem } from '../../core/errors.ts'
import type { Examinable } from '../../core/findings.ts'
import type { SessionStore, SynchronousReads } from '../../core/store.ts'
import { unknownKeys } from '../../core/policy/unknown-keys.ts'
import { systemEnvironment } from '../../environment/system.ts'
import { openDatabase } from './database.ts'
import { sqliteStoreOver } from './store.ts'

export interface SqliteStoreOptions {
  /**
   * The file; made with mode 0600 when there is none. On a local disk: a network file system has no locks
   * that hold. SQLite keeps `-wal` and `-shm` beside it, so copy it with `VACUUM INTO` or not while it is open.
   */
  readonly path: string
  /** How long a call waits for another process to finish writing, at most `'60s'`. Default `'2s'`; `'0s'` tries once. */
  readonly busyDeadline?: Duration
  /** Default: the system's. */
  readonly environment?: Environment
}

export type SqliteStore = SessionStore & SynchronousReads & Examinable

const DEFAULT_BUSY_DEADLINE_MS = 2_000
/** Opening waits in place. */
const LONGEST_BUSY_DEADLINE_MS = 60_000

/**
 * Opens the file, and makes it when there is none. Several stores, processes and threads may have it open.
 *
 * `peek` answers at once unless the file is being recovered or is failing (`'ask'`; `read` then says why).
 *
 * **Cost**: `read` and `peek` under 10 µs with a warm cache, `list` of ten sessions some 22, a `fast` commit some 45 µs, a `durable` one an fsync.
 * @throws ConfigError for a path or deadline that cannot work
 * @throws SystemError `STORE_READ_ONLY`, `STORE_FOREIGN`, `STORE_NEWER`, `STORE_CORRUPT`, `STORE_FULL` or
 * `STORE_UNAVAILABLE`: the file cannot serve, and the start should be refused. What is not ours is left untouched.
 */
export function sqliteStore(options: SqliteStoreOptions): SqliteStore {
  const { environment = systemEnvironment } = options
  const busyDeadline =
    options.busyDeadline === undefined ? DEFAULT_BUSY_DEADLINE_MS : parseDuration(options.busyDeadline)
  const problems = [
    ...unknownKeys('', options, ['path', 'busyDeadline', 'environment']),
    ...problemsOfPath(options.path),
    ...problemsOfDeadline(busyDeadline),
  ]
  if (problems.length > 0 || busyDeadline === undefined) throw new ConfigError(problems)
  const path = resolve(options.path)
  return sqliteStoreOver(openDatabase(path, busyDeadline), { path, environment, deadline: busyDeadline })
}

function problemsOfPath(path: unknown): ConfigProblem[] {
  const isPath = typeof path === 'string' && path !== '' && !path.startsWith('file:') && !path.includes('\0')
  if (isPath && path !== ':memory:') return []
  const message =
    path === ':memory:'
      ? 'It names no file. For sessions in memory use memoryStore().'
      : "Write the path of the file to keep sessions in, such as 'data/sessions.db'."
  return [{ path: 'path', message }]
}

function problemsOfDeadline(busyDeadline: number | undefined): ConfigProblem[] {
  const isDeadline = busyDeadline !== undefined && busyDeadline <= LONGEST_BUSY_DEADLINE_MS
  return isDeadline
    ? []
    : [{ path: 'busyDeadline', message: "Write a duration from '0s' to '60s', such as '2s'." }]
}
