/** How many rosters may wait for what ended in a session's favour. What becomes of those ends is in `in-favour.test.ts`. */
import { expect, it, vi } from 'vitest'
import { makeRosterKey } from '../../testing/builders.ts'
import { fakeEnvironment } from '../../testing/fake-environment.ts'
import type { RosterKey } from '../ids.ts'
import { createEvents } from '../events.ts'
import type { Rule } from '../rules/rule.ts'
import type { Changed, ChangeRequest, Writer } from '../writing/writer.ts'
import { createEndsInFavour, type EndsInFavour, type HeldPlace } from './in-favour.ts'
import { createPending, type PendingRevocations } from './pending.ts'
import { createRefusals } from './refusals.ts'

/** Much is counted here; only what hangs takes this long. */
vi.setConfig({ testTimeout: 60_000 })

interface Setting {
  readonly environment: ReturnType<typeof fakeEnvironment>
  readonly pending: PendingRevocations
  readonly store: { outcome: Changed<unknown>['outcome']; written: number }
  readonly endsInFavour: EndsInFavour
  /** A change that ends one session of the roster, or none. */
  readonly change: (roster: RosterKey, ends: number, held?: HeldPlace) => Promise<unknown>
}

function setUp(): Setting {
  const environment = fakeEnvironment()
  const pending = createPending(environment)
  const store: Setting['store'] = { outcome: 'uncertain', written: 0 }
  const at = { now: environment.now(), lifetimes: {} as never, globalEpoch: 0 }
  const writer: Writer = {
    async change<Answer>(_: RosterKey, { rule }: ChangeRequest<Answer>): Promise<Changed<Answer>> {
      const { answer } = rule(undefined, at)
      store.written++
      return { answer, outcome: store.outcome, ended: [], header: undefined }
    },
    idle: async () => undefined,
  }
  const endsInFavour = createEndsInFavour({
    events: createEvents(environment),
    writer,
    refusals: createRefusals(environment),
    pending,
    writeClass: 'replicated',
    realm: '',
    announce: () => undefined,
  })
  const nothing: Rule<undefined> = (roster) => ({ roster, answer: undefined })
  const change: Setting['change'] = (roster, ends, held) =>
    endsInFavour.change(roster, {
      scope: 'roster',
      rule: nothing,
      writeClass: 'replicated',
      repeatable: true,
      held,
      endsOf: () =>
        Array.from({ length: ends }, () => ({
          rule: nothing,
          refusal: { kind: 'roster', roster, belowEpoch: 1 } as const,
        })),
    })
  return { environment, pending, store, endsInFavour, change }
}

const MOST = 10_000
const overloaded = { code: 'OVERLOADED', retryable: true }

it('of 10,000 rosters, and no more; what would end something in another one is not written', async () => {
  const { environment, pending, store, endsInFavour, change } = setUp()
  for (let index = 0; index < MOST; index++) await change(makeRosterKey(index), 1)
  expect([pending.size, store.written]).toEqual([MOST, MOST])
  const another = makeRosterKey(MOST)
  await expect(change(another, 1)).rejects.toMatchObject(overloaded)
  expect(endsInFavour.hold(another)).toBeUndefined()
  expect(store.written).toBe(MOST)
  await change(another, 0)
  await change(makeRosterKey(5), 1)
  expect(pending.size, 'one drive for each roster').toBe(MOST)
  store.outcome = 'committed'
  await environment.advance(60_000)
  expect(pending.size).toBe(0)
  store.outcome = 'uncertain'
  await change(another, 1)
  expect(pending.size).toBe(1)
})

it('what was confirmed or ended nothing keeps no place', async () => {
  const { pending, store, change } = setUp()
  store.outcome = 'committed'
  for (let index = 0; index < MOST; index++) await change(makeRosterKey(index), 1)
  store.outcome = 'uncertain'
  for (let index = 0; index < MOST; index++) await change(makeRosterKey(index), 0)
  store.outcome = 'unchanged'
  for (let index = 0; index < MOST; index++) await change(makeRosterKey(index), 1)
  store.outcome = 'uncertain'
  await change(makeRosterKey(MOST), 1)
  expect(pending.size).toBe(1)
})

it('of one roster, no more than 256 ends', async () => {
  const { pending, store, change } = setUp()
  const roster = makeRosterKey(1)
  for (let times = 0; times < 256; times++) await change(roster, 1)
  await expect(change(roster, 1)).rejects.toMatchObject(overloaded)
  expect([pending.size, store.written]).toEqual([1, 256])
})

it('one that was kept is there for the change that it was kept for, and for no other', async () => {
  const { pending, endsInFavour, change, store } = setUp()
  const [first, last] = [makeRosterKey(0), makeRosterKey(MOST)]
  const held = endsInFavour.hold(first)
  for (let index = 1; index < MOST; index++) await change(makeRosterKey(index), 1)
  await expect(change(last, 1)).rejects.toMatchObject(overloaded)
  for (let times = 0; times < 255; times++) await change(first, 1)
  await expect(change(first, 1)).rejects.toMatchObject(overloaded)
  await change(first, 1, held)
  held?.giveBack()
  expect([pending.size, store.written]).toEqual([MOST, MOST - 1 + 256])
  await expect(change(first, 1)).rejects.toMatchObject(overloaded)
})

it('one that was kept and given back is free', async () => {
  const { endsInFavour, change } = setUp()
  for (let index = 0; index < MOST; index++) endsInFavour.hold(makeRosterKey(index))?.giveBack()
  for (let index = 0; index < MOST; index++) await change(makeRosterKey(MOST + index), 1)
  await expect(change(makeRosterKey(1), 1)).rejects.toMatchObject(overloaded)
})
