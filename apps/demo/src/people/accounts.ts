/**
 * Who can sign in. Rows of the demo's own database: the session library keeps sessions and knows accounts only by
 * the id they are given here.
 *
 *     account   id → email (unique), password_hash, address, created_at
 */
import { randomUUID } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'

export interface Account {
  readonly id: string
  readonly email: string
  /** Where orders go; empty until somebody wrote it. */
  readonly address: string
  readonly createdAt: number
}

export interface Accounts {
  /** The new account, or `undefined` when the e-mail has one already. */
  create(email: string, passwordHash: string): Account | undefined
  byId(id: string): Account | undefined
  idOf(email: string): string | undefined
  passwordHash(id: string): string | undefined
  setPasswordHash(id: string, passwordHash: string): void
  setAddress(id: string, address: string): void
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS account (
    id TEXT PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    address TEXT NOT NULL DEFAULT '',
    created_at INTEGER NOT NULL
  ) STRICT
`

export function accountsIn(database: DatabaseSync): Accounts {
  database.exec(SCHEMA)
  const insert = database.prepare(
    'INSERT INTO account (id, email, password_hash, created_at) VALUES (?, ?, ?, ?) ON CONFLICT (email) DO NOTHING',
  )
  const select = database.prepare(
    'SELECT id, email, address, created_at AS createdAt FROM account WHERE id = ?',
  )
  const selectId = database.prepare('SELECT id FROM account WHERE email = ?')
  const selectHash = database.prepare('SELECT password_hash AS hash FROM account WHERE id = ?')
  const updateHash = database.prepare('UPDATE account SET password_hash = ? WHERE id = ?')
  const updateAddress = database.prepare('UPDATE account SET address = ? WHERE id = ?')
  const byId = (id: string): Account | undefined => select.get(id) as Account | undefined

  return {
    create(email, passwordHash) {
      const id = randomUUID()
      const { changes } = insert.run(id, email, passwordHash, Date.now())
      return changes === 0 ? undefined : byId(id)
    },
    byId,
    idOf: (email) => (selectId.get(email) as { readonly id: string } | undefined)?.id,
    passwordHash: (id) => (selectHash.get(id) as { readonly hash: string } | undefined)?.hash,
    setPasswordHash: (id, passwordHash) => void updateHash.run(passwordHash, id),
    setAddress: (id, address) => void updateAddress.run(address, id),
  }
}

/** One spelling for one mailbox, as far as that can be known. */
export function normalEmail(text: string): string {
  return text.trim().toLowerCase()
}

export function isEmail(text: string): boolean {
  return (
    text.length <= 254 &&
    /^[^\s@<>()"',;:\\[\]\p{Cc}]{1,64}@[^\s@<>()"',;:\\[\]\p{Cc}]+\.[^\s@.]+$/u.test(text)
  )
}
