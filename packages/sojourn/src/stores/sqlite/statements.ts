/** Prepares the named statements of `statements.sql`, once per connection. */
import { readFileSync } from 'node:fs'
import type { DatabaseSync, StatementSync } from 'node:sqlite'

const NAMES = [
  'read',
  'list',
  'listEach',
  'findHeader',
  'findRecord',
  'insertRoster',
  'updateHeader',
  'updateSubject',
  'raiseKeepHour',
  'putRecord',
  'deleteRecord',
  'deleteRecords',
  'deleteRoster',
  'quarantineHeader',
  'quarantineRecord',
  'quarantineRecords',
  'trimQuarantine',
  'forgetQuarantine',
  'findOver',
  'getDocument',
  'insertDocument',
  'updateDocument',
] as const

export type Statements = Readonly<Record<(typeof NAMES)[number], Statement>>

type SqlValue = string | number | Uint8Array | null

/** A prepared statement that answers rows as lists of columns. */
interface Statement {
  first(...values: SqlValue[]): Row | undefined
  all(...values: SqlValue[]): readonly Row[]
  /** How many rows it changed. */
  run(...values: SqlValue[]): number
}

/** Columns in the order of the SELECT. Never trust their types: the file may have been edited. */
export type Row = readonly unknown[]

/** @throws what node:sqlite throws when the tables are not those of `schema.sql` */
export function prepareStatements(database: DatabaseSync): Statements {
  const sections = readFileSync(new URL('./statements.sql', import.meta.url), 'utf8').split(/^-- name: /m)
  const texts = new Map(
    sections.map((section) => [
      section.slice(0, section.indexOf('\n')).trim(),
      section.slice(section.indexOf('\n')),
    ]),
  )
  return Object.fromEntries(
    NAMES.map((name) => [name, statement(database, texts.get(name) ?? '')]),
  ) as Statements
}

function statement(database: DatabaseSync, text: string): Statement {
  const prepared = database.prepare(text)
  const run = (...values: SqlValue[]): number => Number(prepared.run(...values).changes)
  // Lists are a third cheaper than objects with named columns. Node 22.15 has no lists.
  if (answersLists(prepared)) {
    return {
      run,
      first: (...values) => prepared.get(...values) as Row | undefined,
      all: (...values) => prepared.all(...values) as unknown as readonly Row[],
    }
  }
  return {
    run,
    first: (...values) => {
      const row = prepared.get(...values)
      return row && Object.values(row)
    },
    all: (...values) => prepared.all(...values).map((row) => Object.values(row)),
  }
}

function answersLists(prepared: StatementSync): boolean {
  if (typeof (prepared as Partial<StatementSync>).setReturnArrays !== 'function') return false
  prepared.setReturnArrays(true)
  return true
}
