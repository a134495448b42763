/** Orders, as they were placed: prices are those of that day. `placed` number → account, placed_at, total, lines */
import type { DatabaseSync } from 'node:sqlite'

interface OrderLine {
  readonly name: string
  readonly quantity: number
  /** For all of them, in cents. */
  readonly cents: number
}

export interface Order {
  readonly number: number
  readonly placedAt: number
  readonly cents: number
  readonly lines: readonly OrderLine[]
}

export interface Orders {
  place(accountId: string, lines: readonly OrderLine[]): Order
  /** The newest first, at most ten. */
  of(accountId: string): readonly Order[]
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS placed (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    account TEXT NOT NULL,
    placed_at INTEGER NOT NULL,
    cents INTEGER NOT NULL,
    lines TEXT NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS placed_account ON placed (account);
`

export function ordersIn(database: DatabaseSync): Orders {
  database.exec(SCHEMA)
  const insert = database.prepare('INSERT INTO placed (account, placed_at, cents, lines) VALUES (?, ?, ?, ?)')
  const select = database.prepare(
    'SELECT number, placed_at AS placedAt, cents, lines FROM placed WHERE account = ? ORDER BY number DESC LIMIT 10',
  )
  return {
    place(accountId, lines) {
      const placedAt = Date.now()
      const cents = lines.reduce((sum, line) => sum + line.cents, 0)
      const { lastInsertRowid } = insert.run(accountId, placedAt, cents, JSON.stringify(lines))
      return { number: Number(lastInsertRowid), placedAt, cents, lines }
    },
    of: (accountId) =>
      select
        .all(accountId)
        .map((row) => ({ ...row, lines: JSON.parse(String(row['lines'])) }) as unknown as Order),
  }
}
