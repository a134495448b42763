/** Rules about what a change expects: each expectation is a guard, and a refused change applies nothing. */
import assert from 'node:assert/strict'
import type { CommitAnswer, RecordExpectation, RosterChange, RosterExpectation } from '../../core/store.ts'
import { expecting, makeChange, makeHeader, makeIncarnation, makeNumber, makeRecord } from '../builders.ts'
import { apply, assertAbsent, assertRoster, type Given, given, touchOf } from './acts.ts'
import type { RuleWorld, StoreRule } from './rule.ts'

const HEADER = makeHeader({ version: 7, epoch: 5 })
const FIRST = makeRecord({ version: 3, privilege: 2 })
const SECOND = makeRecord({ number: makeNumber(2), version: 9, privilege: 1 })
const THIRD = makeRecord({ number: makeNumber(3) })
const FITTING: RosterExpectation = {
  ...expecting(HEADER),
  records: [
    { number: FIRST.number, version: 3, privilege: 2 },
    { number: SECOND.number, version: 9, privilege: 1 },
    { number: THIRD.number, version: 'absent' },
  ],
}

export const expectationRules: readonly StoreRule[] = [
  {
    id: 'STORE-11',
    rule: "`expect: 'absent'` creates the roster whole: the header and all records at once.",
    prove: async ({ store, key }) => {
      const roster = key()
      await assertRoster(store, roster, await given(store, roster))
    },
  },
  {
    id: 'STORE-12',
    rule: "`expect: 'absent'` where a roster is answers `'conflict'` and changes nothing.",
    because: 'a second creator would wipe out the first, revocations included',
    prove: async ({ store, key }) => {
      const roster = key()
      const there = await given(store, roster)
      const other = makeChange({
        header: makeHeader({ incarnation: makeIncarnation(2), subject: 'eve' }),
        put: [THIRD],
      })
      assert.equal(await store.commit(roster, other), 'conflict')
      assert.equal(await store.commit(roster, { ...other, put: [] }), 'conflict')
      await assertRoster(store, roster, there)
    },
  },
  {
    id: 'STORE-13',
    rule: "Nothing but `expect: 'absent'` creates: any other change to an absent roster answers `'gone'`, and it stays absent.",
    because: 'absence is death; an upsert brings a logged-out session back',
    prove: async ({ store, key }) => {
      const roster = key()
      for (const change of changes(FITTING)) assert.equal(await store.commit(roster, change), 'gone')
      const unguarded = { ...FITTING, records: [{ number: FIRST.number, version: 'absent' as const }] }
      assert.equal(
        await store.commit(roster, makeChange({ expect: unguarded, header: HEADER, put: [FIRST] })),
        'gone',
      )
      await assertAbsent(store, roster)
    },
  },
  {
    id: 'STORE-14',
    rule: "A change for another incarnation answers `'gone'`, whatever else fits or fails, and applies nothing.",
    because: 'a roster that was rebuilt is another one, even when every counter looks the same',
    prove: async (world) => {
      const incarnation = makeIncarnation(2)
      await refuses(world, 'gone', { ...FITTING, incarnation })
      await refuses(world, 'gone', { ...FITTING, incarnation, epoch: 99, rosterVersion: 99, records: [] })
    },
  },
  {
    id: 'STORE-15',
    rule: "A change for an older or newer epoch answers `'conflict'` and applies nothing.",
    because: 'a user-wide revocation beats every change in flight',
    prove: async (world) => {
      for (const epoch of [4, 6, 0]) await refuses(world, 'conflict', { ...FITTING, epoch })
      await refuses(world, 'conflict', { incarnation: HEADER.incarnation, epoch: 4, records: [] })
    },
  },
  {
    id: 'STORE-16',
    rule: "A change for another version of the roster answers `'conflict'` and applies nothing.",
    because: 'the device limit counts members; it holds only if nobody joined since the count',
    prove: async (world) => {
      for (const rosterVersion of [6, 8, 0]) await refuses(world, 'conflict', { ...FITTING, rosterVersion })
    },
  },
  {
    id: 'STORE-17',
    rule: "A change for another version of a record, older or newer, answers `'conflict'` and applies nothing.",
    because: "otherwise the later of two writers loses the earlier one's update",
    prove: async (world) => {
      for (const version of [2, 4, 0]) await refusesRecord(world, { number: FIRST.number, version })
      for (const version of [8, 10, 3]) await refusesRecord(world, { number: SECOND.number, version })
    },
  },
  {
    id: 'STORE-18',
    rule: "A change that expects a record which is not there answers `'conflict'`, and never creates it.",
    because: 'a save in flight would bring a removed session back',
    prove: (world) => refusesRecord(world, { number: THIRD.number, version: THIRD.version }),
  },
  {
    id: 'STORE-19',
    rule: "A change that expects the absence of a record which is there answers `'conflict'`, and never replaces it.",
    prove: (world) => refusesRecord(world, { number: SECOND.number, version: 'absent' }),
  },
  {
    id: 'STORE-20',
    rule: "A change for another privilege of a record answers `'conflict'` and applies nothing, even when the version fits.",
    because: 'a write decided before an elevation must not land after it',
    prove: async (world) => {
      for (const privilege of [1, 3, 0])
        await refusesRecord(world, { number: FIRST.number, version: 3, privilege })
      await refusesRecord(world, { number: SECOND.number, version: 9, privilege: 2 })
    },
  },
  {
    id: 'STORE-21',
    rule: 'Every expectation is checked: one that fails, first or last among a hundred that fit, refuses the whole change.',
    prove: async ({ store, key }) => {
      const roster = key()
      const records = Array.from({ length: 100 }, (_, index) => makeRecord({ number: makeNumber(index + 1) }))
      const there = await given(store, roster, { records })
      for (const wrong of [0, 50, 99]) {
        const expected = records.map(({ number, version }, index) => ({
          number,
          version: index === wrong ? 2 : version,
        }))
        const put = records.map((record) => ({ ...record, version: 2 }))
        assert.equal(
          await store.commit(
            roster,
            makeChange({ expect: { ...expecting(there.header), records: expected }, put }),
          ),
          'conflict',
        )
      }
      await assertRoster(store, roster, there)
    },
  },
  {
    id: 'STORE-22',
    rule: 'An expectation that is left out is not checked: without `rosterVersion` a touch passes a change of membership.',
    because: 'every request touches; sign-ins elsewhere must not make it fail',
    prove: async ({ store, key }) => {
      const roster = key()
      const { header } = await given(store, roster, { records: [FIRST] })
      const admitted = { ...header, version: header.version + 1 }
      const admission = makeChange({ expect: expecting(header), header: admitted, put: [THIRD] })
      await apply(store, roster, admission)
      await apply(store, roster, touchOf(header, FIRST))
      await assertRoster(store, roster, { header: admitted, records: [...touchOf(header, FIRST).put, THIRD] })
    },
  },
]

function refusesRecord(world: RuleWorld, wrong: RecordExpectation): Promise<void> {
  const others = FITTING.records.filter(({ number }) => number !== wrong.number)
  return refuses(world, 'conflict', { ...FITTING, records: [...others, wrong] })
}

/** Changes of every kind are refused and leave no trace; with the fitting expectation they go through. */
async function refuses(
  { store, key }: RuleWorld,
  answer: CommitAnswer,
  expect: RosterExpectation,
): Promise<void> {
  const roster = key()
  const there: Given = await given(store, roster, { header: HEADER, records: [FIRST, SECOND] })
  for (const change of changes(expect)) {
    assert.equal(await store.commit(roster, change), answer)
    await assertRoster(store, roster, there)
  }
  await apply(store, roster, makeChange({ expect: FITTING, header: { ...HEADER, version: 8 }, put: [THIRD] }))
}

function changes(expect: RosterExpectation): RosterChange[] {
  const next = { ...HEADER, version: 8, subject: 'eve' }
  const put = [{ ...FIRST, version: 4, data: Buffer.from('{"changed":true}') }, THIRD]
  const remove = [
    { number: SECOND.number, why: 'revoked', absoluteDeadline: SECOND.absoluteDeadline } as const,
  ]
  return [
    makeChange({ expect, header: next, put, remove }),
    makeChange({ expect, put }),
    makeChange({ expect, remove }),
    makeChange({ expect, header: next }),
    makeChange({ expect, header: 'drop' }),
  ]
}
