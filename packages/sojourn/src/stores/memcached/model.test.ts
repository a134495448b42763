// The model test over real servers. More runs: `SOJOURN_MODEL_RUNS=100 npx vitest run memcached/model`.
import { afterAll, beforeAll } from 'vitest'
import { type MemcachedServer, startMemcached } from 'sojourn-test-programs'
import { fromVariables, modelOf } from '../../testing/model/index.fixture.ts'
import { openOn } from './memcached.fixture.ts'
import { pacedBy } from './pace.fixture.ts'

let servers: readonly MemcachedServer[] = []
let opened = 0

beforeAll(async () => {
  servers = await Promise.all([startMemcached(), startMemcached()])
})
afterAll(() => Promise.all(servers.map((server) => server.stop())))

modelOf({
  runs: 10,
  ...fromVariables(process.env),
  name: 'memcachedStore',
  open(environment) {
    const addresses = servers.map(({ address }) => address)
    const around = pacedBy(environment)
    return openOn({ addresses, prefix: `model:${opened++}`, environment, around })
  },
})
