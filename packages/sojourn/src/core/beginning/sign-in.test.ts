/** How a sign-in begins, and what it costs. */
import { describe, expect, it } from 'vitest'
import { memoryStore } from '../../stores/memory/index.ts'
import { fakeEnvironment } from '../../testing/fake-environment.ts'
import { signedIn, type TestManager, verdictOf, type World, world } from '../manager.fixture.ts'
import { MAX_RECORDS } from '../roster.ts'
import type { SessionStore } from '../store.ts'

describe('after everything was revoked in another process', () => {
  it('a user who signed in there since signs in here too, at once', async () => {
    const { manager, another, environment } = world()
    const there = another()
    await manager.ready()
    await signedIn(manager, 'bob')
    await environment.advance(10)
    await there.revokeEverything()
    const first = await signedIn(there)
    const attempt = await manager.attempt('ada')
    expect(await manager.signIn(attempt)).toMatchObject({ kind: 'signed-in' })
    const second = await signedIn(manager)
    expect([await verdictOf(manager, first.token), await verdictOf(there, second.token)]).toEqual([
      'valid',
      'valid',
    ])
  })

  it('and once more since, a sign-in that began between is refused', async () => {
    const { manager, another, environment } = world()
    const there = another()
    await signedIn(manager, 'bob')
    await environment.advance(10)
    await there.revokeEverything()
    await signedIn(there)
    const attempt = await manager.attempt('ada')
    await environment.advance(10)
    await there.revokeEverything()
    await environment.advance(5_000)
    expect(await manager.signIn(attempt)).toEqual({ kind: 'refused', reason: 'superseded' })
  })
})

describe('from a roster that is being restored nothing is concluded', () => {
  it.each<[string, (manager: TestManager) => Promise<unknown>]>([
    ['an attempt', (manager) => manager.attempt('ada')],
    ['a sign-in', (manager) => manager.signIn('ada')],
    ['the list of devices', (manager) => manager.list('ada')],
  ])('by %s', async (_, ask) => {
    const inner = memoryStore({ environment: fakeEnvironment() })
    const restoring = { is: false }
    const { manager } = world({ inner: asRestoring(inner, restoring) })
    await signedIn(manager)
    restoring.is = true
    await expect(ask(manager)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true })
    restoring.is = false
    await expect(ask(manager)).resolves.toBeDefined()
  })
})

it('a user who signs in again and again within the grace fills the roster, and is signed in all the same', async () => {
  const { manager, told, environment } = world({ devices: { limit: 1 } })
  const tokens = [(await signedIn(manager)).token]
  while (tokens.length <= MAX_RECORDS + 1) {
    const previous = { token: tokens.at(-1) as string, transport: 'bearer' }
    tokens.push((await signedIn(manager, 'ada', { previous })).token)
  }
  expect(await verdictOf(manager, tokens.at(-1) as string)).toBe('valid')
  expect(await verdictOf(manager, tokens.at(-2) as string)).toBe('none claimed')
  await environment.advance(40_000)
  const ended = told.filter(({ name }) => name === 'session.ended').map(({ event }) => event)
  expect(ended).toHaveLength(tokens.length - 1)
  expect(new Set(ended.map((event) => 'sessionId' in event && event.sessionId)).size).toBe(ended.length)
})

describe('the cost of a sign-in', () => {
  it('is one read and one write', async () => {
    const { manager, store } = world()
    await signedIn(manager)
    expect(await costOf(store, () => manager.signIn('ada'))).toEqual([1, 1])
  })

  it('is the same after an attempt, which cost a read', async () => {
    const { manager, store } = world()
    await signedIn(manager)
    expect(await costOf(store, () => manager.attempt('ada'))).toEqual([1, 0])
    const attempt = await manager.attempt('ada')
    expect(await costOf(store, () => manager.signIn(attempt))).toEqual([1, 1])
  })

  it.each<[string, (manager: TestManager) => Promise<{ readonly token: string }>]>([
    ['a visitor', (manager) => manager.startAnonymous({ data: { cart: 1 } })],
    ['the same user', (manager) => signedIn(manager)],
  ])(
    'is three reads and one write more with a session of %s before, and one of each later',
    async (_, begin) => {
      const { manager, store, environment } = world()
      await signedIn(manager)
      const { token } = await begin(manager)
      const previous = { token, transport: 'bearer' }
      expect(await costOf(store, () => manager.signIn('ada', { previous }))).toEqual([4, 2])
      expect(await costOf(store, () => environment.advance(40_000))).toEqual([1, 1])
    },
  )
})

/** Reads and writes. */
async function costOf({ faults }: World['store'], act: () => Promise<unknown>): Promise<[number, number]> {
  const before = { ...faults.calls }
  await act()
  const { read, list, commit } = faults.calls
  return [read + list - before.read - before.list, commit - before.commit]
}

function asRestoring(store: SessionStore, restoring: { readonly is: boolean }): SessionStore {
  const marked = <Answer>(answer: Answer): Answer =>
    restoring.is && typeof answer === 'object' && answer !== null && 'header' in answer
      ? { ...answer, header: { ...(answer.header as object), state: 'restoring' } }
      : answer
  return {
    ...store,
    read: async (roster, number) => marked(await store.read(roster, number)),
    list: async (roster) => marked(await store.list(roster)),
  }
}
