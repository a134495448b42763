import { afterAll, beforeAll, describe, it, vi } from 'vitest'
import type { Environment } from '../../core/environment.ts'
import type { RosterKey, SessionNumber } from '../../core/ids.ts'
import { storeConformance } from '../../testing/index.ts'
import { type RedisStore, redisStore } from './index.ts'
import { createLayout } from './layout.ts'
import type { RedisPort } from './port.ts'
import {
  connected,
  type Driver,
  DRIVERS,
  type Ground,
  PATIENT_MS,
  start,
  TOPOLOGIES,
} from './topologies.fixture.ts'

const TAGS = 16

vi.setConfig({ testTimeout: PATIENT_MS })

describe.each(TOPOLOGIES)('%s', (topology) => {
  let ground: Ground
  beforeAll(async () => {
    ground = await start(topology)
  }, PATIENT_MS)
  afterAll(() => ground.stop(), PATIENT_MS)

  describe.each(DRIVERS)('through %s', (driver) => {
    conforms(() => ground, driver)
  })
})

/** Each store has a prefix of its own, so nothing has to be flushed. */
function conforms(ground: () => Ground, driver: Driver): void {
  let port: RedisPort
  let opened = 0
  const prefix = (): string => `${driver}:${opened}`
  const open = (environment: Environment): RedisStore =>
    redisStore({ redis: port, prefix: prefix(), voters: ground().voters, tags: TAGS, environment })

  beforeAll(async () => {
    port = await connected(ground().open(driver))
  }, PATIENT_MS)
  afterAll(() => port.close(), PATIENT_MS)

  storeConformance({
    name: 'redisStore',
    runner: { describe, it },
    open(environment) {
      opened++
      return open(environment)
    },
    second: open,
    reopen: open,
    damage: (roster, what) => flipBit(port, { prefix: prefix(), roster, what }),
  })
}

interface Spot {
  readonly prefix: string
  readonly roster: RosterKey
  readonly what: SessionNumber | 'header'
}

async function flipBit(port: RedisPort, { prefix, roster, what }: Spot): Promise<void> {
  const layout = createLayout({ prefix, tags: TAGS, sharded: false })
  const key = layout.rosterKey(roster, layout.tagOf(roster))
  const field = what === 'header' ? 'h' : what
  const value = (await port.command(['HGET', key, field], { key, readonly: true })) as Buffer
  value.writeUInt8(value.readUInt8(9) ^ 1, 9)
  await port.command(['HSET', key, field, value], { key, readonly: false })
}
