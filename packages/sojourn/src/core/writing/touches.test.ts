// While the store takes no writes, checks do not each bring theirs; and what fails alone stops nobody else.
import { expect, it } from 'vitest'
import { turn } from '../../environment/turn.ts'
import { memoryStore } from '../../stores/memory/index.ts'
import { fakeEnvironment, type FakeEnvironment } from '../../testing/fake-environment.ts'
import { SystemError } from '../errors.ts'
import type { RosterKey } from '../ids.ts'
import { managerOn, type SignedIn, signedIn, type TestManager, verdictOf, world } from '../manager.fixture.ts'
import type { SessionStore } from '../store.ts'

const MINUTE = 60_000

it('touches that fail are tried once a second for all sessions together, and again for each when one is written', async () => {
  const { manager, environment, store } = world({ peek: true })
  const users: SignedIn[] = []
  for (let user = 0; user < 40; user++) users.push(await signedIn(manager, `${user}`))
  await environment.advance(61_000)
  const commits = (): number => store.faults.calls.commit

  async function checked(times: number): Promise<number> {
    const before = commits()
    for (let check = 0; check < times; check++) {
      for (const { token } of users) expect(await verdictOf(manager, token)).toBe('valid')
      await environment.advance(10)
    }
    return commits() - before
  }

  store.faults.fail({ on: 'commit', times: Number.POSITIVE_INFINITY })
  const first = await checked(1)
  expect(first).toBeGreaterThan(0)
  expect(first, 'those that were queued are given up').toBeLessThan(40)
  expect(await checked(90)).toBe(0)
  await environment.advance(1_000)
  expect(await checked(1)).toBeGreaterThan(0)
  expect(await checked(20)).toBe(0)
  store.faults.heal()
  await environment.advance(1_000)
  expect(await checked(2)).toBe(40)
})

interface Sharded {
  readonly environment: FakeEnvironment
  readonly manager: TestManager
  /** Rosters whose shard is full. */
  readonly full: Set<RosterKey>
  /** How often they were tried. */
  readonly tried: () => number
}

function sharded(): Sharded {
  const environment = fakeEnvironment()
  const inner = memoryStore({ environment })
  const full = new Set<RosterKey>()
  let tried = 0
  const store: SessionStore = {
    ...inner,
    async commit(roster, change) {
      if (!full.has(roster)) return await inner.commit(roster, change)
      tried++
      throw new SystemError('STORE_FULL', 'The test filled this shard.', { retryable: true })
    },
  }
  return { environment, manager: managerOn(store, environment), full, tried: () => tried }
}

function rosterOf({ session }: SignedIn): RosterKey {
  return session.id.slice(0, 16) as RosterKey
}

it('a roster that takes no touch stops no other one, and is tried less and less often', async () => {
  const { environment, manager, full, tried } = sharded()
  const [busy, rare] = [await signedIn(manager, 'busy'), await signedIn(manager, 'rare')]
  full.add(rosterOf(busy))
  for (let minutes = 0; minutes < 20; minutes++) {
    for (let check = 0; check < 60; check++) {
      await verdictOf(manager, busy.token)
      await environment.advance(1_000)
    }
    if (minutes % 10 !== 9) continue
    const before = Date.parse('2026-01-01T00:00:00Z') + minutes * MINUTE
    expect(await verdictOf(manager, rare.token)).toBe('valid')
    await environment.advance(1)
    const [entry] = await manager.list('rare')
    expect(entry?.seenAt).toBeGreaterThan(before)
  }
  expect(tried()).toBeGreaterThan(10)
  expect(tried()).toBeLessThan(40)
})

it('a session that was held up is touched within its touch interval once its roster takes it', async () => {
  const { environment, manager, full, tried } = sharded()
  const held = await signedIn(manager)
  full.add(rosterOf(held))
  for (let check = 0; check < 1_800; check++) {
    await verdictOf(manager, held.token)
    await environment.advance(1_000)
  }
  const before = tried()
  full.clear()
  for (let check = 0; check < 61; check++) {
    await verdictOf(manager, held.token)
    await environment.advance(1_000)
  }
  const [entry] = await manager.list('ada')
  expect(environment.now() - (entry?.seenAt ?? 0)).toBeLessThanOrEqual(61_000)
  expect(tried()).toBe(before)
})

it('one that is written in between says that it is not the store', async () => {
  const { environment, manager, full, tried } = sharded()
  const users: SignedIn[] = []
  for (let user = 0; user < 30; user++) users.push(await signedIn(manager, `${user}`))
  const isFull = (user: number): boolean => user % 5 !== 0
  for (const [user, signed] of users.entries()) if (isFull(user)) full.add(rosterOf(signed))
  await environment.advance(61_000)
  for (const { token } of users) {
    await verdictOf(manager, token)
    await environment.advance(1)
    await turn()
  }
  expect(tried()).toBe(24)
})
