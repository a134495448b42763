/**
 * Both built-in stores against the model. More runs: `SOJOURN_MODEL_RUNS=2000 npx vitest run model`, another
 * seed: `SOJOURN_MODEL_SEED=…`; a failure prints the variables that replay it.
 */
import { memoryStore } from '../../stores/memory/index.ts'
import { freshPath } from '../../stores/sqlite/files.fixture.ts'
import { sqliteStore } from '../../stores/sqlite/index.ts'
import { fromVariables, modelOf } from './index.fixture.ts'

const options = fromVariables(process.env)

modelOf({ ...options, name: 'memoryStore', open: (environment) => memoryStore({ environment }) })
modelOf({
  runs: 10,
  ...options,
  name: 'sqliteStore',
  open: (environment) => sqliteStore({ path: freshPath(), environment }),
})
