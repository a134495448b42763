import { join } from 'node:path'
import { sqliteStore } from 'sojourn/stores/sqlite'
import { readerOf, type StoreUnderTest } from '../store-under-test.ts'

export const sqlite: StoreUnderTest = {
  name: 'sqlite',
  processes: 2,
  open: ({ directory }, environment) => sqliteStore({ path: join(directory, 'sessions.db'), environment }),
  reader: ({ directory }) => readerOf(sqliteStore({ path: join(directory, 'sessions.db') })),
}
