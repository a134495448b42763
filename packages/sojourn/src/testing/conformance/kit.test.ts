// The kit itself: stores that break one promise each must fail the rules about it.
import { describe, expect, it } from 'vitest'
import type { SessionStore, StoreTraits } from '../../core/store.ts'
import { memoryStore } from '../../stores/memory/index.ts'
import {
  type DeviationReport,
  STORE_RULES,
  storeConformance,
  type StoreConformanceOptions,
} from '../index.ts'
import {
  checksThenActs,
  lastWriterWins,
  readsInTwoSteps,
  sabotaged,
  traitsOf,
  upserts,
  withoutPrivilege,
} from './broken-stores.fixture.ts'

describe('the rules', () => {
  it('are numbered without gaps and told once', () => {
    const ids = STORE_RULES.map(({ id }) => id)
    expect(ids).toEqual(ids.map((_, index) => `STORE-${String(index + 1).padStart(2, '0')}`))
    expect(new Set(STORE_RULES.map(({ rule }) => rule)).size).toBe(ids.length)
  })
})

describe('a store that breaks its word fails the rules about it', () => {
  it.each<[string, (store: SessionStore) => Partial<SessionStore>, string[]]>([
    [
      'lets the last writer win',
      lastWriterWins,
      ['STORE-15', 'STORE-17', 'STORE-31', 'STORE-33', 'STORE-35'],
    ],
    ['forgets the privilege', withoutPrivilege, ['STORE-20']],
    ['creates what is gone', upserts, ['STORE-13', 'STORE-27', 'STORE-36']],
    ['checks, waits, acts', checksThenActs, ['STORE-30', 'STORE-31', 'STORE-33', 'STORE-36']],
    ['reads header and record one after the other', readsInTwoSteps, ['STORE-37']],
    ['lists nothing', () => ({ list: async () => undefined }), ['STORE-03']],
    ['answers a ping when closed', () => ({ ping: async () => {} }), ['STORE-55']],
  ])('%s', async (_, sabotage, expected) => {
    const failed = await failures({
      open: (environment) => sabotaged(memoryStore({ environment }), sabotage),
    })
    expect(failed).toEqual(expect.arrayContaining(expected))
  })

  it('where handles, restarts and damage are concerned', async () => {
    const failed = await failures({
      second: () => memoryStore(),
      reopen: () => memoryStore(),
      damage: () => {},
    })
    const withNeeds = STORE_RULES.filter(({ needs }) => needs !== undefined).map(({ id }) => id)
    expect(failed).toEqual(withNeeds)
  })
})

it('a store with two handles on the same data passes the rules about sharing', async () => {
  let store = memoryStore()
  const failed = await failures({
    open: (environment) => (store = memoryStore({ environment })),
    second: () => ({ ...store, close: async () => {} }),
  })
  expect(failed).toEqual([])
})

describe('deviations', () => {
  const deviations = [
    { rule: 'STORE-20', because: 'its values have no privilege' },
    { rule: 'STORE-01', because: 'it is too modest' },
  ]

  it('are run and reported, and fail nothing', async () => {
    const reports: DeviationReport[] = []
    const failed = await failures({
      open: () =>
        sabotaged(memoryStore(), (store) => ({
          ...withoutPrivilege(store),
          traits: traitsOf(store, { deviations }),
        })),
      onDeviation: (report) => reports.push(report),
    })
    expect(failed).toEqual([])
    expect(reports.map(({ rule, outcome }) => `${rule} ${outcome}`)).toEqual([
      'STORE-01 held',
      'STORE-20 failed',
    ])
  })

  it.each<[string, Partial<StoreTraits>]>([
    ['a rule that does not exist', { deviations: [{ rule: 'STORE-99', because: 'why not' }] }],
    ['no reason', { deviations: [{ rule: 'STORE-01', because: ' ' }] }],
    ['sharing without a second handle', { shared: true }],
  ])('are told honestly: %s', async (_, traits) => {
    const open = () => sabotaged(memoryStore(), (store) => ({ traits: traitsOf(store, traits) }))
    expect(await failures({ open, onDeviation: () => {} })).toEqual(['The'])
  })
})

/** The ids of the rules that fail. */
async function failures(options: Partial<StoreConformanceOptions>): Promise<string[]> {
  const tests: Array<{ readonly id: string; readonly body: () => Promise<void> }> = []
  const runner = {
    describe: (_: string, body: () => void) => body(),
    it: (name: string, body: () => Promise<void>) => tests.push({ id: name.split(' ')[0] ?? '', body }),
  }
  storeConformance({
    name: 'a store',
    open: (environment) => memoryStore({ environment }),
    ...options,
    runner,
  })
  const failed: string[] = []
  for (const { id, body } of tests) await body().catch(() => failed.push(id))
  return failed
}
