// The model test over real servers and both drivers. More runs: `SOJOURN_MODEL_RUNS=100 npx vitest run redis/model`.
import { afterAll, beforeAll, describe } from 'vitest'
import { fromVariables, modelOf } from '../../testing/model/index.fixture.ts'
import { redisStore } from './index.ts'
import { counted, type CountedPort, pace } from './pace.fixture.ts'
import {
  connected,
  type Driver,
  DRIVERS,
  type Ground,
  PATIENT_MS,
  start,
  TOPOLOGIES,
} from './topologies.fixture.ts'

const RUNS = 2

describe.each(TOPOLOGIES)('%s', (topology) => {
  let ground: Ground
  beforeAll(async () => {
    ground = await start(topology)
  }, PATIENT_MS)
  afterAll(() => ground.stop(), PATIENT_MS)

  describe.each(DRIVERS)('through %s', (driver) => {
    agrees(() => ground, driver)
  })
})

function agrees(ground: () => Ground, driver: Driver): void {
  let connection: CountedPort
  let opened = 0
  beforeAll(async () => {
    connection = counted(await connected(ground().open(driver)))
  }, PATIENT_MS)
  afterAll(() => connection.port.close(), PATIENT_MS)

  modelOf({
    runs: RUNS,
    ...fromVariables(process.env),
    name: 'redisStore',
    open(environment) {
      const { port, quiet } = connection
      pace(environment, quiet)
      return redisStore({
        redis: port,
        prefix: `${driver}:${opened++}`,
        voters: ground().voters,
        tags: 16,
        environment,
      })
    },
  })
}
