/** Real files in a folder of their own, a second hand that edits them, and real processes. For the tests of this folder. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { afterEach } from 'vitest'
import { makeChange, makeHeader, makeRecord, makeRosterKey } from '../../testing/builders.ts'
import { fakeEnvironment } from '../../testing/fake-environment.ts'
import type { RosterChange } from '../../core/store.ts'
import { type SqliteStore, type SqliteStoreOptions, sqliteStore } from './index.ts'

export const KEY = makeRosterKey(1)
export const HEADER = makeHeader()
export const RECORD = makeRecord()

const cleanUp: (() => unknown)[] = []

afterEach(async () => {
  for (const step of cleanUp.splice(0).toReversed()) await step()
})

export function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sojourn-sqlite-'))
  cleanUp.push(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export function freshPath(): string {
  return join(freshFolder(), 'sessions.db')
}

/** Closed after the test. */
export function openStore(path: string, options: Partial<SqliteStoreOptions> = {}): SqliteStore {
  const store = sqliteStore({ path, environment: fakeEnvironment(), ...options })
  cleanUp.push(() => store.close())
  return store
}

/** A store that holds one roster with one session. */
export async function storeWithSession(
  path: string,
  change: Partial<RosterChange> = {},
): Promise<SqliteStore> {
  const store = openStore(path)
  await store.commit(KEY, makeChange({ header: HEADER, put: [RECORD], ...change }))
  return store
}

/** Runs a statement as somebody else with a SQLite shell would. */
export function edit(path: string, sql: string, ...values: SQLInputValue[]): void {
  withDatabase(path, (database) => database.prepare(sql).run(...values))
}

/** All rows, or the first column of the first with `valueOf`. */
export function rowsOf(path: string, sql: string): Record<string, unknown>[] {
  return withDatabase(path, (database) => database.prepare(sql).all())
}

export function valueOf(path: string, sql: string): unknown {
  return Object.values(rowsOf(path, sql)[0] ?? {})[0]
}

export function bytesOf(path: string, sql: string): Buffer {
  return Buffer.from(valueOf(path, sql) as Uint8Array)
}

function withDatabase<T>(path: string, use: (database: DatabaseSync) => T): T {
  const database = new DatabaseSync(path)
  database.exec('PRAGMA busy_timeout = 5000')
  try {
    return use(database)
  } finally {
    database.close()
  }
}

export interface Child {
  readonly process: ChildProcess
  /** What it has written to stdout until now. */
  readonly output: () => string
  /** Resolves with the exit code, `null` when it was killed. */
  readonly ended: Promise<number | null>
}

/** Runs `process.fixture.ts` with these arguments, under `umask` or another user when told. */
export function startProcess(args: readonly string[], options: { uid?: number; umask?: string } = {}): Child {
  const script = fileURLToPath(new URL('./process.fixture.ts', import.meta.url))
  const types = process.features.typescript ? '' : '--experimental-strip-types'
  const command = `umask ${options.umask ?? '022'} && exec "$0" --disable-warning=ExperimentalWarning ${types} "$@"`
  const child = spawn('/bin/sh', ['-c', command, process.execPath, script, ...args], {
    cwd: '/',
    env: { ...process.env, ...(options.uid === undefined ? {} : { ACT_AS: String(options.uid) }) },
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => process.stderr.write(chunk))
  cleanUp.push(() => child.kill('SIGKILL'))
  return {
    process: child,
    output: () => output,
    ended: once(child, 'close').then(([code]) => code as number | null),
  }
}
