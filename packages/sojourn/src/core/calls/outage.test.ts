/** What an outage costs those who ask, and how it ends: the breakers as an application sees them. */
import { describe, expect, it } from 'vitest'
import { turn } from '../../environment/turn.ts'
import { memoryStore } from '../../stores/memory/index.ts'
import { fakeEnvironment } from '../../testing/fake-environment.ts'
import { RevokeUncertain } from '../errors.ts'
import {
  finished,
  sessionOf,
  signedIn,
  type TestManager,
  type TestSession,
  verdictOf,
  type World,
  world,
} from '../manager.fixture.ts'
import type { SessionStore } from '../store.ts'
import type { Verdict } from '../verdict/verify.ts'
import { type CallKind, LONGEST_PAUSE_MS } from './breaker.ts'

const FOREVER = { times: Number.POSITIVE_INFINITY }

/** Lets checks run against a store that fails, until checks are turned away. */
async function untilOpened({ manager, environment, told }: World, token: string): Promise<void> {
  while (!told.some(({ name }) => name === 'store.breaker-opened')) {
    void verdictOf(manager, token)
    await environment.advance(20)
  }
  await environment.advance(250)
}

/** How many checks at a steady rate come to what, and how long each took at most. */
async function checking(
  { manager, environment }: World,
  token: string,
  { everyMs, forMs }: { readonly everyMs: number; readonly forMs: number },
): Promise<Record<string, { count: number; longest: number }>> {
  const seen: Record<string, { count: number; longest: number }> = {}
  async function check(): Promise<void> {
    const began = environment.monotonic()
    const entry = (seen[await verdictOf(manager, token)] ??= { count: 0, longest: 0 })
    entry.count++
    entry.longest = Math.max(entry.longest, environment.monotonic() - began)
  }
  for (let at = 0; at < forMs; at += everyMs) {
    void check()
    await environment.advance(everyMs)
  }
  return seen
}

describe('a store that hangs for three seconds', () => {
  it('at 200 checks a second costs a quarter of a second while it is found out, then nothing', async () => {
    const setting = world()
    const { token } = await signedIn(setting.manager)
    const pause = setting.store.faults.hold({ on: 'read', ...FOREVER })
    const seen = await checking(setting, token, { everyMs: 5, forMs: 3_000 })
    expect(Object.keys(seen).toSorted()).toEqual([
      'unavailable DEADLINE_EXCEEDED',
      'unavailable STORE_UNAVAILABLE',
    ])
    expect(seen['unavailable DEADLINE_EXCEEDED']?.longest).toBe(250)
    expect(seen['unavailable DEADLINE_EXCEEDED']?.count).toBeLessThan(120)
    expect(seen['unavailable STORE_UNAVAILABLE']?.longest).toBe(0)
    pause.release()
    await turn()
    const after = await checking(setting, token, { everyMs: 5, forMs: 500 })
    expect(after).toEqual({ valid: { count: 100, longest: 0 } })
  })

  it('is asked by no more calls than there may be, and nobody waits beyond them', async () => {
    const setting = world()
    const { token } = await signedIn(setting.manager)
    const before = setting.store.faults.calls.read
    setting.store.faults.hold({ on: 'read', ...FOREVER })
    for (let calls = 0; calls < 1_024; calls++) void verdictOf(setting.manager, token)
    expect(await verdictOf(setting.manager, token)).toBe('unavailable OVERLOADED')
    expect(setting.store.faults.calls.read - before).toBe(1_024)
  })
})

describe('while checks are turned away', () => {
  it('clients are told to come back no sooner than after the pause, and the listeners what is so', async () => {
    const setting = world()
    const { token } = await signedIn(setting.manager)
    setting.store.faults.fail({ on: 'read', ...FOREVER })
    await untilOpened(setting, token)
    const before = setting.store.faults.calls.read
    const verdict = (await setting.manager.verify(token, 'bearer')) as Verdict<unknown, unknown>
    expect(verdict).toMatchObject({ kind: 'unavailable', code: 'STORE_UNAVAILABLE' })
    expect(verdict.kind === 'unavailable' && verdict.retryAfter * 1000).toBeGreaterThanOrEqual(
      LONGEST_PAUSE_MS,
    )
    expect(setting.store.faults.calls.read).toBe(before)
    setting.store.faults.heal()
    await setting.environment.advance(LONGEST_PAUSE_MS)
    expect(await verdictOf(setting.manager, token)).toBe('valid')
    expect(setting.told.filter(({ name }) => name.startsWith('store.breaker'))).toEqual([
      { name: 'store.breaker-opened', event: { of: 'checks' } },
      { name: 'store.breaker-closed', event: { of: 'checks' } },
    ])
  })

  it.each([
    [80, 240, 'valid'],
    [100, 250, 'unavailable DEADLINE_EXCEEDED'],
  ])('a probe of three calls of %i ms each is answered after %i ms: %s', async (each, after, expected) => {
    const setting = world()
    const { environment, manager, store } = setting
    store.faults.fail({ on: 'read', ...FOREVER })
    await untilOpened(setting, (await signedIn(manager)).token)
    store.faults.heal()
    await environment.advance(LONGEST_PAUSE_MS)
    const other = setting.another()
    await other.revokeEverything()
    const { token } = await signedIn(other)
    const before = store.faults.calls.read
    store.faults.delay(each, FOREVER)
    const outcome: { said?: string } = {}
    void verdictOf(manager, token).then((said) => (outcome.said = said))
    await environment.advance(after - 1)
    expect([outcome.said, store.faults.calls.read - before]).toEqual([undefined, 2])
    await environment.advance(1)
    expect(outcome.said).toBe(expected)
  })

  it('a probe that brings the deployment up to date on its way is answered', async () => {
    const setting = world()
    const { environment, manager, store } = setting
    const { token } = await signedIn(manager)
    store.faults.fail(FOREVER)
    await environment.advance(10_000)
    await untilOpened(setting, token)
    store.faults.heal()
    await environment.advance(LONGEST_PAUSE_MS)
    expect(await verdictOf(manager, token)).toBe('valid')
  })

  it('connections that stay open are not looked at either', async () => {
    const { environment, manager, store } = world({ devices: { limit: 50 } })
    for (let count = 0; count < 50; count++) manager.onEnd((await signedIn(manager)).session, () => undefined)
    store.faults.fail({ on: 'read', ...FOREVER })
    await environment.advance(10_000)
    const before = store.faults.calls.read
    await environment.advance(10_000)
    expect(store.faults.calls.read - before).toBeLessThan(100)
  })

  it('changes go on where the store still takes them', async () => {
    const setting = world()
    const { environment, manager, store } = setting
    const { session, token } = await signedIn(manager)
    store.faults.delay(300, { on: 'read', ...FOREVER })
    await untilOpened(setting, token)
    const change = manager.update(session, (data) => void (data['n'] = 1))
    expect((await finished(environment, change)).kind).toBe('changed')
  })
})

describe('while changes are turned away', () => {
  async function withoutWrites(): Promise<World & { readonly token: string }> {
    const setting = world()
    const { environment, manager, store } = setting
    const { session, token } = await signedIn(manager)
    store.faults.fail({ on: 'commit', ...FOREVER })
    for (let tries = 0; tries < 5; tries++) {
      await finished(
        environment,
        manager.update(session, () => ({ tries })),
      ).catch(() => undefined)
      await environment.advance(100)
    }
    expect(setting.told).toContainEqual({ name: 'store.breaker-opened', event: { of: 'writes' } })
    return { ...setting, token }
  }

  it('checks go on', async () => {
    const { manager, token } = await withoutWrites()
    expect(await verdictOf(manager, token)).toBe('valid')
  })

  it('a change is refused as one that was not made: it may be repeated at once', async () => {
    const { manager, store, token } = await withoutWrites()
    const session = await sessionOf(manager, token)
    const before = store.faults.calls.commit
    for (let calls = 0; calls < 3; calls++)
      await manager.update(session, () => ({ calls })).catch(() => undefined)
    expect(store.faults.calls.commit - before, 'a probe at most').toBeLessThanOrEqual(1)
    await expect(manager.update(session, () => ({}))).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      retryable: true,
      message: expect.stringContaining('this call was not made'),
    })
  })
})

describe('a revocation that is driven on is tried although calls are turned away and another one probes', () => {
  /** Calls about Bob fail until the breaker opens; the one that probes then hangs. Others are answered. */
  function withSickBob(): World & { readonly bob: { roster: string; does: 'work' | 'fail' | 'hang' } } {
    const inner = memoryStore({ environment: fakeEnvironment() })
    const bob: ReturnType<typeof withSickBob>['bob'] = { roster: '', does: 'work' }
    const unless = <Answer>(roster: string, act: () => Promise<Answer>): Promise<Answer> => {
      if (roster !== bob.roster || bob.does === 'work') return act()
      return bob.does === 'hang' ? new Promise(() => undefined) : Promise.reject(new Error('sick'))
    }
    const store: SessionStore = {
      ...inner,
      read: (roster, number) => unless(roster, () => inner.read(roster, number)),
      list: (roster) => unless(roster, () => inner.list(roster)),
      commit: (roster, change) => unless(roster, () => inner.commit(roster, change)),
    }
    return { ...world({ inner: store }), bob }
  }

  type Call = (manager: TestManager, session: TestSession) => Promise<unknown>
  const check: Call = (manager) => manager.list('bob')
  const load: Call = (manager, session) => manager.update(session, () => ({}))
  const write: Call = (manager) => manager.startAnonymous({ data: { n: 1 } })

  it.each<[CallKind, Call]>([
    ['checks', check],
    ['reads', load],
    ['writes', write],
  ])('%s', async (kind, call) => {
    const setting = withSickBob()
    const { bob, environment, manager, store, told } = setting
    const ada = await signedIn(manager)
    const { session } = await signedIn(manager, 'bob')
    bob.roster = session.id.slice(0, 16)
    if (kind === 'writes') store.faults.fail({ on: 'commit', ...FOREVER })
    bob.does = 'fail'
    while (!told.some(({ name }) => name === 'store.breaker-opened')) {
      call(manager, session).catch(() => undefined)
      await environment.advance(30)
    }
    store.faults.heal()
    bob.does = 'hang'
    if (kind === 'writes') store.faults.hang({ on: 'commit' })
    await environment.advance(LONGEST_PAUSE_MS)
    call(manager, session).catch(() => undefined)
    const end = manager.revokeAll('ada').catch((error: unknown) => error)
    await environment.advance(1)
    expect(await end).toBeInstanceOf(RevokeUncertain)
    await environment.advance(110)
    expect(told).toContainEqual({ name: 'store.breaker-closed', event: { of: kind } })
    expect(told.map(({ name }) => name)).toContain('revoke.completed')
    expect(await verdictOf(setting.another(), ada.token)).toMatch(/^none/)
  })
})
