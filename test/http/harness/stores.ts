/** The stores that every scenario runs over. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Environment, SessionStore } from 'sojourn'
import { memoryStore } from 'sojourn/stores/memory'
import { sqliteStore } from 'sojourn/stores/sqlite'

interface OpenedStore {
  readonly store: SessionStore
  /** The file, where there is one. */
  readonly path: string | undefined
  readonly close: () => Promise<void>
}

export interface StoreKind {
  readonly name: string
  readonly open: (environment: Environment) => OpenedStore
}

const memory: StoreKind = {
  name: 'memory',
  open(environment) {
    const store = memoryStore({ environment })
    return { store, path: undefined, close: () => store.close() }
  },
}

const sqlite: StoreKind = {
  name: 'sqlite',
  open(environment) {
    const folder = mkdtempSync(join(tmpdir(), 'sojourn-http-'))
    const path = join(folder, 'sessions.db')
    const store = sqliteStore({ path, environment })
    return {
      store,
      path,
      async close() {
        await store.close()
        rmSync(folder, { recursive: true, force: true })
      },
    }
  },
}

export const STORES: readonly [StoreKind, ...StoreKind[]] = [memory, sqlite]
