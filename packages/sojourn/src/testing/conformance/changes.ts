/** Rules about what a committed change does, and what it leaves alone. */
import assert from 'node:assert/strict'
import { expecting, makeChange, makeHeader, makeIncarnation, makeNumber, makeRecord } from '../builders.ts'
import { apply, assertAbsent, assertRoster, given, headerChangeOf, removalOf, touchOf } from './acts.ts'
import type { StoreRule } from './rule.ts'

const FIRST = makeRecord()
const SECOND = makeRecord({ number: makeNumber(2) })
const THIRD = makeRecord({ number: makeNumber(3) })

export const changeRules: readonly StoreRule[] = [
  {
    id: 'STORE-23',
    rule: 'A put replaces the whole record of that number, and leaves the header and the other records alone.',
    because: 'a field that survives its removal (a grace, a claim) is a secret that stays good',
    prove: async ({ store, key }) => {
      const roster = key()
      const grace = { previousHash: FIRST.secretHash, sealed: Buffer.alloc(61, 1), endsAt: FIRST.seenAt }
      const full = { ...FIRST, grace, acr: 'urn:x', amr: ['pwd', 'otp'], data: Buffer.alloc(500, 7) }
      const { header } = await given(store, roster, { records: [full, SECOND] })
      const bare = { ...FIRST, version: 2, amr: [], data: Buffer.alloc(0) }
      await apply(store, roster, touchOf(header, full, bare))
      await assertRoster(store, roster, { header, records: [bare, SECOND] })
    },
  },
  {
    id: 'STORE-24',
    rule: 'A header that is put replaces the whole header and leaves the records alone.',
    prove: async ({ store, key }) => {
      const roster = key()
      const attributes = { version: 4, setAt: 5, json: '{"role":"admin"}' }
      const { header, records } = await given(store, roster, { header: makeHeader({ attributes }) })
      const change = headerChangeOf(header, { attributes: undefined, subject: undefined, state: 'restoring' })
      await apply(store, roster, change)
      await assertRoster(store, roster, { header: change.header, records })
    },
  },
  {
    id: 'STORE-25',
    rule: 'A removal takes the named records and no other; a name that is not there changes nothing.',
    prove: async ({ store, key }) => {
      const roster = key()
      const { header } = await given(store, roster, { records: [FIRST, SECOND, THIRD] })
      await apply(store, roster, removalOf(header, SECOND))
      await assertRoster(store, roster, { header, records: [FIRST, THIRD] })
      const again = { ...removalOf(header, SECOND), expect: expecting(header) }
      await apply(store, roster, again)
      await assertRoster(store, roster, { header, records: [FIRST, THIRD] })
    },
  },
  {
    id: 'STORE-26',
    rule: 'Header, puts and removals of one change are applied together.',
    prove: async ({ store, key }) => {
      const roster = key()
      const { header } = await given(store, roster)
      const next = { ...header, version: 2 }
      const kept = { ...FIRST, version: 2 }
      const remove = [
        { number: SECOND.number, why: 'evicted', absoluteDeadline: SECOND.absoluteDeadline } as const,
      ]
      await apply(
        store,
        roster,
        makeChange({ expect: expecting(header, [FIRST, SECOND]), header: next, put: [kept, THIRD], remove }),
      )
      await assertRoster(store, roster, { header: next, records: [kept, THIRD] })
    },
  },
  {
    id: 'STORE-27',
    rule: "`header: 'drop'` removes the roster with all its records, those that the change does not name included.",
    because: 'a record left behind comes back with the next roster of that key',
    prove: async ({ store, key }) => {
      const roster = key()
      const { header } = await given(store, roster, { records: [FIRST, SECOND, THIRD] })
      await apply(store, roster, makeChange({ expect: expecting(header, [FIRST]), header: 'drop' }))
      await assertAbsent(store, roster)
      assert.equal(await store.commit(roster, touchOf(header, FIRST)), 'gone')
      const rebuilt = await given(store, roster, {
        header: makeHeader({ incarnation: makeIncarnation(2) }),
        records: [THIRD],
      })
      await assertRoster(store, roster, rebuilt)
    },
  },
  {
    id: 'STORE-28',
    rule: 'A roster that was dropped and rebuilt refuses every change made for the old one, even where all versions are equal.',
    because: 'a counter that starts again at 1 would let a write from before the logout land after it',
    prove: async ({ store, key }) => {
      const roster = key()
      const { header } = await given(store, roster)
      const inFlight = [
        touchOf(header, FIRST),
        removalOf(header, SECOND),
        headerChangeOf(header, {}),
        makeChange({ expect: expecting(header), put: [THIRD] }),
        makeChange({ expect: expecting(header), header: 'drop' }),
      ]
      await apply(store, roster, makeChange({ expect: expecting(header), header: 'drop' }))
      const rebuilt = await given(store, roster, { header: makeHeader({ incarnation: makeIncarnation(2) }) })
      for (const change of inFlight) assert.equal(await store.commit(roster, change), 'gone')
      await assertRoster(store, roster, rebuilt)
    },
  },
  {
    id: 'STORE-29',
    rule: 'A change to one roster changes no other.',
    prove: async ({ store, key }) => {
      const [roster, other] = [key(), key()]
      const { header } = await given(store, roster)
      const there = await given(store, other)
      await apply(store, roster, touchOf(header, FIRST))
      await apply(store, roster, headerChangeOf(header, { epoch: 1 }))
      await assertRoster(store, other, there)
      await apply(
        store,
        roster,
        makeChange({ expect: { incarnation: header.incarnation, epoch: 1, records: [] }, header: 'drop' }),
      )
      await assertRoster(store, other, there)
    },
  },
]
