import { describe, expect, it } from 'vitest'
import type { Environment } from '../../core/environment.ts'
import type { SessionStore } from '../../core/store.ts'
import { type DeviationReport, storeConformance } from '../../testing/index.ts'
import { memoryStore } from '../memory/index.ts'
import { freshPath } from '../sqlite/files.fixture.ts'
import { sqliteStore } from '../sqlite/index.ts'
import { tieredStore } from './index.ts'

let hot: SessionStore
let path = ''

/** A second handle reads a copy, so it is late; nothing else is given up. */
function onDeviation({ rule, outcome }: DeviationReport): void {
  expect(`${rule} ${outcome}`).toBe('STORE-56 failed')
}

/** Memory, as if other processes had a hand in it, which the second handle here has. */
function shared(environment: Environment): SessionStore {
  const store = memoryStore({ environment })
  return { ...store, traits: { ...store.traits, shared: true } }
}

storeConformance({
  name: 'tieredStore over memory',
  runner: { describe, it },
  open(environment) {
    hot = shared(environment)
    return tieredStore({ hot, environment })
  },
  second: (environment) => tieredStore({ hot, environment }),
  onDeviation,
})

storeConformance({
  name: 'tieredStore over a store that keeps bytes',
  runner: { describe, it },
  open(environment) {
    path = freshPath()
    return tieredStore({ hot: sqliteStore({ path, environment }), environment })
  },
  second: (environment) => tieredStore({ hot: sqliteStore({ path, environment }), environment }),
  reopen: (environment) => tieredStore({ hot: sqliteStore({ path, environment }), environment }),
  onDeviation,
})

storeConformance({
  name: 'the authority of tieredStore',
  runner: { describe, it },
  open(environment) {
    hot = shared(environment)
    return tieredStore({ hot, environment }).authority
  },
  second: (environment) => tieredStore({ hot, environment }).authority,
})
