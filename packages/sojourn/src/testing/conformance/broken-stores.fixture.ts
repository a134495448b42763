/** Stores that break one promise each, to show that the kit notices. */
import type { RosterKey } from '../../core/ids.ts'
import type { RosterExpectation, SessionStore, StoreTraits } from '../../core/store.ts'
import { turn } from '../../environment/turn.ts'
import { memoryStore } from '../../stores/memory/index.ts'
import { makeChange, makeHeader } from '../builders.ts'

/** `store`, a plain object, with some of its methods replaced. */
export function sabotaged(
  store: SessionStore,
  sabotage: (store: SessionStore) => Partial<SessionStore>,
): SessionStore {
  return { ...store, ...sabotage(store) }
}

export function traitsOf(store: SessionStore, traits: Partial<StoreTraits>): StoreTraits {
  return { ...store.traits, ...traits }
}

export function lastWriterWins(store: SessionStore): Partial<SessionStore> {
  return {
    commit: async (roster, change) => {
      const there = await store.list(roster)
      if (typeof there !== 'object' || change.expect === 'absent') return store.commit(roster, change)
      const { incarnation } = change.expect
      return store.commit(roster, {
        ...change,
        expect: { incarnation, epoch: there.header.epoch, records: [] },
      })
    },
  }
}

export function withoutPrivilege(store: SessionStore): Partial<SessionStore> {
  const forgetful = (expected: RosterExpectation): RosterExpectation => ({
    ...expected,
    records: expected.records.map(({ number, version }) => ({ number, version })),
  })
  return {
    commit: (roster, change) =>
      store.commit(
        roster,
        change.expect === 'absent' ? change : { ...change, expect: forgetful(change.expect) },
      ),
  }
}

export function upserts(store: SessionStore): Partial<SessionStore> {
  return {
    commit: async (roster, change) => {
      const answer = await store.commit(roster, change)
      if (answer !== 'gone' || change.expect === 'absent' || (await store.list(roster)) !== undefined)
        return answer
      return store.commit(roster, {
        ...change,
        expect: 'absent',
        header: makeHeader({ incarnation: change.expect.incarnation }),
      })
    },
  }
}

/** Every check of the store itself, and then a gap before a write that checks nothing. */
export function checksThenActs(store: SessionStore): Partial<SessionStore> {
  return {
    commit: async (roster, change) => {
      const rehearsal = memoryStore()
      await copyRoster(store, rehearsal, roster)
      const answer = await rehearsal.commit(roster, change)
      await turn()
      if (answer === 'committed') await overwrite(store, rehearsal, roster)
      return answer
    },
  }
}

async function overwrite(store: SessionStore, from: SessionStore, roster: RosterKey): Promise<void> {
  const there = await store.list(roster)
  if (typeof there === 'object') {
    const { incarnation, epoch } = there.header
    await store.commit(roster, makeChange({ expect: { incarnation, epoch, records: [] }, header: 'drop' }))
  }
  await copyRoster(from, store, roster)
}

async function copyRoster(from: SessionStore, to: SessionStore, roster: RosterKey): Promise<void> {
  const there = await from.list(roster)
  if (typeof there === 'object')
    await to.commit(roster, makeChange({ header: there.header, put: there.records }))
}

export function readsInTwoSteps(store: SessionStore): Partial<SessionStore> {
  return {
    read: async (roster, number) => {
      const before = await store.read(roster, number)
      await turn()
      const after = await store.read(roster, number)
      if (typeof before !== 'object' || typeof after !== 'object') return before
      return { ...after, header: before.header }
    },
  }
}
