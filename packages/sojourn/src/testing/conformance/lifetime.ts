/**
 * Rules about how long a key is kept. Each is told twice, because a store may judge time by the clock it was
 * given or by its server's: once with the fake clock moved, once with a `keepUntil` that lies in the past.
 */
import { makeNumber, makeRecord } from '../builders.ts'
import { apply, assertRoster, given, headerChangeOf, touchOf } from './acts.ts'
import type { RuleWorld, StoreRule } from './rule.ts'

const HOUR = 3_600_000
const FIRST = makeRecord()
const SECOND = makeRecord({ number: makeNumber(2) })

export const lifetimeRules: readonly StoreRule[] = [
  {
    id: 'STORE-38',
    rule: 'A roster is there until its `keepUntil`, and all of it, however busy the store is with others.',
    because: 'a roster that goes too early is a logout that nobody asked for, or a revocation forgotten',
    prove: async (world) => {
      const { store, environment, key } = world
      const roster = key()
      const there = await given(store, roster, { keepUntil: environment.now() + 10 * HOUR })
      await passBusily(world, 10 * HOUR - 1)
      await assertRoster(store, roster, there)
    },
  },
  {
    id: 'STORE-39',
    rule: 'A commit that asks for a shorter life does not shorten it.',
    because: 'a touch knows one session; its siblings may have longer to live',
    prove: async (world) => {
      const { store, environment, key } = world
      const roster = key()
      const { header } = await given(store, roster, {
        records: [FIRST, SECOND],
        keepUntil: environment.now() + 10 * HOUR,
      })
      await apply(store, roster, { ...touchOf(header, FIRST), keepUntil: environment.now() + HOUR })
      await apply(store, roster, { ...touchOf(header, SECOND), keepUntil: 0 })
      await passBusily(world, 10 * HOUR - 1)
      const records = [...touchOf(header, FIRST).put, ...touchOf(header, SECOND).put]
      await assertRoster(store, roster, { header, records })
    },
  },
  {
    id: 'STORE-40',
    rule: 'A commit that asks for a longer life extends it, whatever else it changes.',
    because: 'a session that is in use must outlive the deadline it started with',
    prove: async (world) => {
      const { store, environment, key } = world
      const [touched, changed] = [key(), key()]
      const keepUntil = environment.now() + HOUR
      const { header, records } = await given(store, touched, { keepUntil })
      await given(store, changed, { keepUntil })
      const [touch, change] = [touchOf(header, FIRST), headerChangeOf(header, {})]
      await apply(store, touched, { ...touch, keepUntil: environment.now() + 10 * HOUR })
      await apply(store, changed, { ...change, keepUntil: environment.now() + 10 * HOUR })
      await passBusily(world, 10 * HOUR - 1)
      await assertRoster(store, touched, { header, records: [...touch.put, SECOND] })
      await assertRoster(store, changed, { header: change.header, records })
    },
  },
]

/** Lets time pass with writes to other rosters all the while, so that whatever the store does in passing is done. */
async function passBusily({ store, environment, key }: RuleWorld, ms: number): Promise<void> {
  for (let part = 0; part < 8; part++) {
    await environment.advance(ms / 8)
    for (let writes = 0; writes < 8; writes++) await given(store, key(), { records: [] })
  }
}
