/** The model over a near cache. One store for all its processes: what one of them commits, the others' copies hear of. */
import { fromVariables, modelOf } from '../../testing/model/index.fixture.ts'
import { memoryStore } from '../memory/index.ts'
import { tieredStore } from './index.ts'

modelOf({
  runs: 40,
  ...fromVariables(process.env),
  name: 'tieredStore',
  open: (environment) => tieredStore({ hot: memoryStore({ environment }), environment }),
})
