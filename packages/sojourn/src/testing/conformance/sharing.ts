/** Rules for data that outlives a handle or has several: other processes, restarts, and bytes that rot. */
import assert from 'node:assert/strict'
import { makeNumber, makeRecord } from '../builders.ts'
import {
  apply,
  assertAbsent,
  assertRoster,
  given,
  headerChangeOf,
  readOf,
  recordOf,
  touchOf,
} from './acts.ts'
import { proveNoLostPut } from './documents.ts'
import {
  proveDeviceLimit,
  proveEpochBeatsChanges,
  proveIndependentTouches,
  proveNoLostIncrement,
  proveOneCreator,
  proveWholeReads,
  type Race,
} from './races.ts'
import type { RuleWorld, StoreRule } from './rule.ts'

export const sharingRules: readonly StoreRule[] = [
  {
    id: 'STORE-56',
    needs: 'second',
    rule: 'What one process commits, another reads at once; what neither created is absent for both.',
    prove: async ({ store, second, key }) => {
      const other = await second()
      const roster = key()
      await assertAbsent(other, roster)
      const there = await given(store, roster)
      await assertRoster(other, roster, there)
      const revocation = headerChangeOf(there.header, { epoch: 1 })
      await apply(other, roster, revocation)
      await assertRoster(store, roster, { ...there, header: revocation.header })
      assert.equal(await store.commit(roster, touchOf(there.header, makeRecord())), 'conflict')
    },
  },
  across('STORE-57', 'Of many processes that create the same roster at once, one wins.', proveOneCreator),
  across(
    'STORE-58',
    'Concurrent read-and-replace from several processes loses nothing.',
    proveNoLostIncrement,
  ),
  across(
    'STORE-59',
    'Touches of different sessions from several processes are all committed.',
    proveIndependentTouches,
  ),
  across('STORE-60', 'The device limit holds across processes.', proveDeviceLimit),
  across('STORE-61', 'A raised epoch beats changes in flight in other processes.', proveEpochBeatsChanges),
  across('STORE-62', 'A reader in one process never sees half of a commit from another.', proveWholeReads),
  {
    id: 'STORE-63',
    needs: 'second',
    rule: 'Concurrent read-and-replace of a document from several processes loses nothing.',
    prove: async ({ store, second, chance }) => proveNoLostPut([store, await second()], chance),
  },
  {
    id: 'STORE-64',
    needs: 'reopen',
    rule: 'Rosters and documents are there after closing and opening again.',
    prove: async ({ store, reopen, key }) => {
      const roster = key()
      const there = await given(store, roster)
      await store.documents.put('ring', 'absent', 'one')
      const again = await reopen()
      await assertRoster(again, roster, there)
      assert.deepEqual({ ...(await again.documents.get('ring')) }, { version: 1, value: 'one' })
      await apply(again, roster, touchOf(there.header, makeRecord()))
    },
  },
  {
    id: 'STORE-65',
    needs: 'damage',
    rule: 'A record whose bytes do not decode is reported as unreadable, is never handed out, and spoils no other.',
    because: 'a guess could be somebody else; an absence without a report hides the damage',
    prove: async ({ store, damage, key }) => {
      const roster = key()
      const { header } = await given(store, roster)
      await damage(roster, makeNumber(1))
      const answer = await readOf(store, roster, makeNumber(1))
      assert.deepEqual({ ...answer }, { header, unreadable: 'damaged' })
      const listed = await store.list(roster)
      assert.ok(typeof listed === 'object')
      assert.deepEqual(
        listed.records.map(({ number }) => number),
        [makeNumber(2)],
      )
      assert.deepEqual(listed.unreadable, [{ number: makeNumber(1), why: 'damaged' }])
      assert.equal((await recordOf(store, roster, makeNumber(2))).number, makeNumber(2))
    },
  },
  {
    id: 'STORE-66',
    needs: 'damage',
    rule: 'A roster whose header does not decode is unreadable as a whole: not absent, and none of its records is handed out.',
    prove: async ({ store, damage, key }) => {
      const roster = key()
      await given(store, roster)
      await damage(roster, 'header')
      assert.equal(await store.read(roster, makeNumber(1)), 'damaged')
      assert.equal(await store.list(roster), 'damaged')
    },
  },
]

function across(id: string, rule: string, prove: (race: Race) => Promise<void>): StoreRule {
  const body = async ({ store, second, key, chance }: RuleWorld): Promise<void> =>
    prove({ handles: [store, await second(), await second()], roster: key(), chance })
  return { id, rule, needs: 'second', prove: body }
}
