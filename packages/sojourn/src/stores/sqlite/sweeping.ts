/**
 * Forgetting without a timer: every so often a writer deletes a few rosters whose time is over, in a short
 * transaction of its own. A roster past its time that nobody has swept yet is simply still there.
 */
import type { DatabaseSync } from 'node:sqlite'
import type { Environment } from '../../core/environment.ts'
import { isBusy } from './failures.ts'
import type { Statements } from './statements.ts'
import { inTransaction } from './transaction.ts'

const HOUR_MS = 3_600_000
const COMMITS_BETWEEN = 64
const MS_BETWEEN = 60_000
const MOST_ROSTERS = 50
const QUARANTINE_MS = 7 * 24 * HOUR_MS

export interface Swept {
  readonly database: DatabaseSync
  readonly statements: Statements
}

/** Tells, once each 64 calls or once a minute of the wall clock, that it is time. */
export function everySoOften(environment: Environment): () => boolean {
  let calls = 0
  let last = environment.now()
  return () => {
    const now = environment.now()
    const isDue = ++calls >= COMMITS_BETWEEN || Math.abs(now - last) >= MS_BETWEEN
    if (isDue) [calls, last] = [0, now]
    return isDue
  }
}

/**
 * Deletes at most 50 rosters that need not be kept since more than an hour, and quarantined values older than
 * a week. Never throws: a sweep that fails is logged, one that finds the file busy is left to the next writer.
 */
export function sweep({ database, statements }: Swept, environment: Environment): void {
  try {
    inTransaction(database, () => deleteOver(statements, environment.now()), { durable: false })
  } catch (error) {
    if (isBusy(error)) return
    environment.log({
      level: 'warn',
      message: `The SQLite store could not delete what is over: ${error instanceof Error ? error.message : String(error)}`,
    })
  }
}

function deleteOver(statements: Statements, now: number): void {
  // keep_hour was rounded up, so in any later hour at least one has passed since the exact instant.
  for (const [key] of statements.findOver.all(Math.floor(now / HOUR_MS), MOST_ROSTERS)) {
    statements.deleteRecords.run(key as string)
    statements.deleteRoster.run(key as string)
  }
  statements.forgetQuarantine.run(now - QUARANTINE_MS)
}
