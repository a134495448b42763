/** The store contract over an open database. `index.ts` shows the layout and opens it. */
import type { DatabaseSync } from 'node:sqlite'
import { SystemError } from '../../core/errors.ts'
import type { Examinable } from '../../core/findings.ts'
import type { RosterKey, SessionNumber } from '../../core/ids.ts'
import type {
  CommitAnswer,
  ReadAnswer,
  RosterChange,
  SessionStore,
  StoreTraits,
  SynchronousReads,
} from '../../core/store.ts'
import { applyChange, prepareChange } from './changing.ts'
import { sqliteDocuments } from './documents.ts'
import { examineFile } from './examination.ts'
import { asSystemError } from './failures.ts'
import { identity } from './file.ts'
import { readRecord, readRoster } from './reading.ts'
import { prepareStatements, type Statements } from './statements.ts'
import { everySoOften, sweep } from './sweeping.ts'
import { inTransaction } from './transaction.ts'
import { type Patience, whenFree } from './waiting.ts'

const TRAITS: StoreTraits = {
  name: 'sqlite',
  writeClasses: ['fast', 'durable'],
  shared: true,
  deviations: [],
}

/** Takes ownership of `database`. @throws SystemError `STORE_CORRUPT` when its tables are not those of `schema.sql` */
export function sqliteStoreOver(
  database: DatabaseSync,
  patience: Patience,
): SessionStore & SynchronousReads & Examinable {
  const { path, environment } = patience
  const statements = prepared(database, path)
  const opened = identity(path)
  const isTimeToSweep = everySoOften(environment)
  let closed = false

  return {
    traits: TRAITS,
    documents: sqliteDocuments({ path, reading, writing: (step) => changing(step, true) }),
    peek,
    read: (roster, number) => reading((found) => readRecord(found, roster, number)),
    list: (roster) => reading((found) => readRoster(found, roster)),
    commit,
    ping: () =>
      reading((found) => {
        assertInPlace()
        found.findOver.first(0, 1)
      }),
    examine: () => examineFile(path),
    close,
  }

  function peek(roster: RosterKey, number: SessionNumber): ReadAnswer | 'ask' {
    try {
      return readRecord(statements, roster, number)
    } catch {
      return 'ask'
    }
  }

  async function commit(roster: RosterKey, change: RosterChange): Promise<CommitAnswer> {
    assertOpen()
    const encoded = prepareChange(roster, change, environment.now())
    if (isTimeToSweep()) {
      assertInPlace()
      sweep({ database, statements }, environment)
    }
    return changing((found) => applyChange(found, encoded), change.writeClass !== 'fast')
  }

  function reading<T>(step: (statements: Statements) => T): Promise<T> {
    return whenFree(() => {
      assertOpen()
      return step(statements)
    }, patience)
  }

  function changing<T>(step: (statements: Statements) => T, durable: boolean): Promise<T> {
    return whenFree(() => {
      assertOpen()
      return inTransaction(database, () => step(statements), { durable })
    }, patience)
  }

  async function close(): Promise<void> {
    if (closed) return
    closed = true
    checkpoint(database)
    database.close()
  }

  function assertOpen(): void {
    if (closed) throw new SystemError('CLOSED', 'The SQLite store has been closed.')
  }

  /** After a file was renamed or restored over ours, we would go on writing to one that nobody will ever read. */
  function assertInPlace(): void {
    if (identity(path) === opened) return
    throw new SystemError(
      'STORE_UNAVAILABLE',
      `${path} was removed or replaced while it was open. Restart every process that uses it.`,
    )
  }
}

function prepared(database: DatabaseSync, path: string): Statements {
  try {
    return prepareStatements(database)
  } catch (error) {
    database.close()
    throw asSystemError(error, path)
  }
}

/** Best effort: what is not checkpointed stays in the -wal file and is found there. */
function checkpoint(database: DatabaseSync): void {
  try {
    database.exec('PRAGMA wal_checkpoint(PASSIVE)')
  } catch {
    // A reader elsewhere, or no room.
  }
}
