/** Drives on their own: how many, how often, in which order. What they do for revocations is in `doubt.test.ts`. */
import { describe, expect, it, vi } from 'vitest'
import { turn } from '../../environment/turn.ts'
import { fakeEnvironment } from '../../testing/fake-environment.ts'
import { createPending, EVERYTHING, MOST_DRIVEN, type PendingRevocations } from './pending.ts'

/** Much is counted here; only what hangs takes this long. */
vi.setConfig({ testTimeout: 60_000 })

const MINUTE = 60_000

interface Setting {
  readonly environment: ReturnType<typeof fakeEnvironment>
  readonly pending: PendingRevocations
  readonly store: { isWell: boolean; readonly tried: string[] }
  readonly drive: (about: string, holdsSignIns?: boolean) => Promise<void>
}

function setUp(): Setting {
  const environment = fakeEnvironment()
  const pending = createPending(environment)
  const store = { isWell: false, tried: [] as string[] }
  const drive = (about: string, holdsSignIns = true): Promise<void> =>
    pending.drive({
      key: `end of ${about}`,
      about,
      holdsSignIns,
      async attempt() {
        store.tried.push(about)
        return store.isWell
      },
    })
  return { environment, pending, store, drive }
}

it('is tried again soon, and then less and less often', async () => {
  const { environment, store, drive } = setUp()
  void drive('a')
  await environment.advance(100)
  expect(store.tried).toHaveLength(1)
  await environment.advance(10 * MINUTE)
  expect(store.tried.length).toBeLessThan(50)
  const before = store.tried.length
  await environment.advance(30_001)
  expect(store.tried.length).toBeGreaterThan(before)
})

it('resolves when it is confirmed, and is gone', async () => {
  const { environment, pending, store, drive } = setUp()
  const completed = drive('a')
  store.isWell = true
  await environment.advance(100)
  await completed
  expect([pending.isEmpty, environment.timers]).toEqual([true, 0])
})

it.each([[[true, false, true]], [[false, false, true]], [[false, true, false]]])(
  'several whose answers come together, %j, keep nobody busy',
  async (outcomes) => {
    const environment = fakeEnvironment()
    let looks = 0
    const watched = {
      ...environment,
      monotonic: () => {
        if (++looks > 10_000) throw new Error('It looks at the clock and does nothing else.')
        return environment.monotonic()
      },
    }
    const pending = createPending(watched)
    const answers: ((confirmed: boolean) => void)[] = []
    for (const index of outcomes.keys())
      void pending.drive({
        key: `${index}`,
        about: `${index}`,
        holdsSignIns: true,
        attempt: () => new Promise((resolve) => (answers[index] = resolve)),
      })
    await environment.advance(100)
    for (const [index, confirmed] of outcomes.entries()) answers[index]?.(confirmed)
    await turn()
    expect(pending.size).toBe(outcomes.filter((confirmed) => !confirmed).length)
  },
)

it('of many, a store that is not well for minutes is asked no more than 50 times a second', async () => {
  const { environment, store, drive } = setUp()
  for (let index = 0; index < 1_500; index++) void drive(`${index}`)
  expect(environment.timers).toBe(1)
  await environment.advance(3 * MINUTE)
  const before = store.tried.length
  await environment.advance(MINUTE)
  expect(store.tried.length - before).toBeLessThan(50 * 60)
  expect(new Set(store.tried).size, 'every one of them').toBe(1_500)
})

it('once one is confirmed the others follow at once', async () => {
  const { environment, pending, store, drive } = setUp()
  for (let index = 0; index < 1_000; index++) void drive(`${index}`)
  await environment.advance(2 * MINUTE)
  store.isWell = true
  await environment.advance(1_000)
  for (let turns = 0; turns < 200; turns++) await turn()
  expect(pending.isEmpty).toBe(true)
})

it('one that is confirmed among many that are not makes them be tried no more often', async () => {
  const { environment, pending, store, drive } = setUp()
  for (let index = 0; index < 500; index++) void drive(`${index}`)
  await environment.advance(2 * MINUTE)
  const confirmed = pending.drive({
    key: 'well',
    about: 'well',
    holdsSignIns: true,
    attempt: async () => true,
  })
  const before = store.tried.length
  await environment.advance(125)
  await confirmed
  expect(store.tried.length - before).toBeLessThan(20)
})

it('those that hang keep no more than a few places, and give them back', async () => {
  const environment = fakeEnvironment()
  const pending = createPending(environment)
  let hanging = 0
  const attempt = (): Promise<boolean> =>
    new Promise((resolve) => {
      hanging++
      environment.after(2_000, () => {
        hanging--
        resolve(false)
      })
    })
  for (let index = 0; index < 100; index++)
    void pending.drive({ key: `${index}`, about: 'a', holdsSignIns: true, attempt })
  await environment.advance(200)
  expect(hanging).toBe(8)
  let isTried = false
  const other = pending.drive({
    key: 'other',
    about: 'b',
    holdsSignIns: true,
    attempt: async () => (isTried = true),
  })
  await environment.advance(2 * MINUTE)
  await other
  expect(isTried).toBe(true)
})

it('are bounded where they hold sign-ins: the others do not take their places', {
  timeout: 30_000,
}, async () => {
  const { pending, store, drive } = setUp()
  void drive('other', false)
  for (let index = 0; index < MOST_DRIVEN; index++) void drive(`${index}`)
  expect(() => drive('one more')).toThrow(expect.objectContaining({ code: 'OVERLOADED', retryable: true }))
  expect(() => drive('other', false)).not.toThrow()
  store.isWell = true
  expect(await pending.settle('5')).toBe(true)
  store.isWell = false
  expect(() => drive('one more')).not.toThrow()
})

describe('what begins for a roster', () => {
  it('tries what is pending about it and about everything, once however many ask at a time', async () => {
    const { environment, pending, store, drive } = setUp()
    for (const about of ['a', 'b', EVERYTHING]) void drive(about)
    expect(await Promise.all([pending.settle('a'), pending.settle('a')])).toEqual([false, false])
    expect(store.tried).toEqual(['a', EVERYTHING])
    store.isWell = true
    expect(await pending.settle('a')).toBe(true)
    await environment.advance(MINUTE)
    expect(pending.isEmpty).toBe(true)
  })

  it('tries all of it', async () => {
    const { pending, store, drive } = setUp()
    for (const about of ['a', 'a', 'b', 'a']) void drive(about)
    expect(await pending.settle('a')).toBe(false)
    expect(store.tried).toEqual(['a', 'a', 'a'])
    store.isWell = true
    expect(await pending.settle('a')).toBe(true)
  })

  it('does not wait for what ends nothing else', async () => {
    const { pending, store, drive } = setUp()
    void drive('a', false)
    expect(await pending.settle('a')).toBe(true)
    expect(store.tried).toEqual([])
  })

  it('and is tried in vain goes on being tried', async () => {
    const { environment, pending, store, drive } = setUp()
    const completed = drive('a')
    await environment.advance(74)
    const settling = pending.settle('a')
    await environment.advance(1)
    expect(await settling).toBe(false)
    store.isWell = true
    await environment.advance(MINUTE)
    await completed
  })
})

it('at close all are tried once more while some are confirmed; the rest is logged', async () => {
  const well = setUp()
  for (let index = 0; index < 100; index++) void well.drive(`${index}`)
  well.store.isWell = true
  await well.pending.close()
  expect([well.pending.isEmpty, well.environment.logs]).toEqual([true, []])

  const sick = setUp()
  for (let index = 0; index < 100; index++) void sick.drive(`${index}`)
  await sick.pending.close()
  expect(sick.store.tried).toHaveLength(8)
  expect(sick.environment.logs).toHaveLength(100)
  await sick.environment.advance(MINUTE)
  expect(sick.store.tried).toHaveLength(8)
})
