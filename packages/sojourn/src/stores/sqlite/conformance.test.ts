import { describe, it } from 'vitest'
import { storeConformance } from '../../testing/index.ts'
import { edit, freshPath } from './files.fixture.ts'
import { sqliteStore } from './index.ts'

let path = ''

storeConformance({
  name: 'sqliteStore',
  runner: { describe, it },
  open(environment) {
    path = freshPath()
    return sqliteStore({ path, environment })
  },
  second: (environment) => sqliteStore({ path, environment }),
  reopen: (environment) => sqliteStore({ path, environment }),
  damage(roster, what) {
    const flipped = (column: string): string =>
      `CAST(substr(${column}, 1, 8) || x'ff' || substr(${column}, 10) AS BLOB)`
    if (what === 'header') edit(path, `UPDATE roster SET header = ${flipped('header')} WHERE key = ?`, roster)
    else
      edit(
        path,
        `UPDATE session SET record = ${flipped('record')} WHERE roster = ? AND number = ?`,
        roster,
        what,
      )
  },
})
