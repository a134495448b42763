import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RosterKey } from '../../core/ids.ts'
import { turn } from '../../environment/turn.ts'
import { expecting, makeChange, makeHeader, makeRecord, makeRosterKey } from '../../testing/builders.ts'
import { type RedisStore, redisStore } from './index.ts'
import type { RedisPort } from './port.ts'
import { connected, DRIVERS, type Ground, PATIENT_MS, start } from './topologies.fixture.ts'

const HEADER = makeHeader()
const RECORD = makeRecord()

describe.each(['single', 'cluster'] as const)('%s', (topology) => {
  let ground: Ground
  beforeAll(async () => {
    ground = await start(topology)
  }, PATIENT_MS)
  afterAll(() => ground.stop(), PATIENT_MS)

  it.each(DRIVERS)(
    'through %s, a change by another process is told with its roster',
    async (driver) => {
      const ports: RedisPort[] = await Promise.all([0, 1].map(() => connected(ground.open(driver))))
      const [store, other] = ports.map((redis) => redisStore({ redis, prefix: driver, tags: 4 })) as [
        RedisStore,
        RedisStore,
      ]
      const heard = new Set<RosterKey>()
      const [roster, untouched] = [makeRosterKey(2 ** 40), makeRosterKey(2)]
      for (const key of [roster, untouched])
        await other.commit(key, makeChange({ header: HEADER, put: [RECORD] }))
      const stop = store.watchChanges({ changed: (changed) => heard.add(changed), lost: () => undefined })
      for (let version = 1; !heard.has(roster); version++) {
        await store.read(roster, RECORD.number)
        const touch = {
          expect: expecting(HEADER, [{ ...RECORD, version }]),
          put: [{ ...RECORD, version: version + 1 }],
        }
        await other.commit(roster, makeChange(touch))
        await turn()
      }
      expect(heard).not.toContain(untouched)
      stop()
      for (const closing of [store, other, ...ports]) await closing.close()
    },
    PATIENT_MS,
  )
})
