// The manager as applications see it: one process or two, a store that fails on command, time that a test owns.
import { describe, expect, it } from 'vitest'
import { turn } from '../environment/turn.ts'
import { memoryStore } from '../stores/memory/index.ts'
import { fakeEnvironment } from '../testing/fake-environment.ts'
import { Delta } from './data/delta.ts'
import { InputError, RevokeUncertain } from './errors.ts'
import {
  finished,
  managerOn,
  SECRETS,
  sessionOf,
  signedIn,
  type TestManager,
  verdictOf,
  world,
} from './manager.fixture.ts'
import type { SessionStore } from './store.ts'

const HOUR = 3_600_000
const FOREVER = { times: Number.POSITIVE_INFINITY }

const increment = (by = 1): Delta => {
  const delta = new Delta()
  delta.increment('n', by)
  return delta
}

describe('C1: the old token is dead at once', () => {
  it('after signing in again with it', async () => {
    const { manager } = world()
    const { token } = await signedIn(manager)
    const again = await signedIn(manager, 'ada', { previous: { token, transport: 'bearer' } })
    expect(again.token).not.toBe(token)
    expect(await verdictOf(manager, token)).toMatch(/^none/)
    expect(await manager.list('ada')).toHaveLength(1)
  })

  it('after an elevation, and for requests that hold it, which are superseded and not logged out', async () => {
    const { manager } = world()
    const { session, token } = await signedIn(manager)
    const held = await sessionOf(manager, token)
    const result = await manager.elevate(session, { aal: 2 })
    expect(result).toMatchObject({ kind: 'changed', session: { aal: 2 } })
    expect(await verdictOf(manager, token)).toBe('none superseded')
    expect(await manager.apply(held, increment())).toEqual({ kind: 'superseded' })
    expect(await manager.elevate(held)).toEqual({ kind: 'superseded' })
    expect(result.kind === 'changed' && (await verdictOf(manager, result.token))).toBe('valid')
  })

  it('after a regeneration for a reason of privilege, also when a graceful one came first', async () => {
    const { manager } = world()
    const { token } = await signedIn(manager)
    const [one, two] = [await sessionOf(manager, token), await sessionOf(manager, token)]
    await manager.regenerate(one)
    expect(await verdictOf(manager, token)).toBe('valid')
    const strict = await manager.regenerate(two, { because: 'privilege' })
    expect(await verdictOf(manager, token)).toBe('none superseded')
    expect(strict.kind === 'changed' && (await verdictOf(manager, strict.token))).toBe('valid')
  })
})

describe('C2 to C4: timeouts', () => {
  it('idle', async () => {
    const { manager, environment } = world()
    const { token } = await signedIn(manager)
    await environment.advance(HOUR - 1)
    expect(await verdictOf(world().manager, token)).toMatch(/^none/)
    await environment.advance(1)
    expect(await verdictOf(manager, token)).toBe('none idle-timeout')
  })

  it('absolute, however busy the session, and whatever secrets it got', async () => {
    const { manager, environment } = world()
    let { token } = await signedIn(manager)
    for (let hour = 0; hour < 47; hour++) {
      await environment.advance(HOUR / 2)
      const session = await sessionOf(manager, token)
      if (hour % 5 === 0) {
        const result = await manager.regenerate(session)
        token = result.kind === 'changed' ? result.token : token
      }
    }
    await environment.advance(HOUR / 2 - 100)
    expect(await verdictOf(manager, token)).toBe('valid')
    await environment.advance(100)
    expect(await verdictOf(manager, token)).toBe('none absolute-timeout')
  })

  it('both start again with an elevation', async () => {
    const { manager, environment } = world()
    const first = await signedIn(manager)
    let { token } = first
    for (let hour = 0; hour < 40; hour++) {
      await environment.advance(HOUR / 2)
      await sessionOf(manager, token)
    }
    const result = await manager.elevate(await sessionOf(manager, token))
    if (result.kind !== 'changed') throw new Error(result.kind)
    ;({ token } = result)
    for (let hour = 0; hour < 40; hour++) {
      await environment.advance(HOUR / 2)
      expect(await verdictOf(manager, token)).toBe('valid')
    }
  })

  it('a check writes at most once a minute, and never delays the answer', async () => {
    const { manager, environment, store } = world()
    const { token } = await signedIn(manager)
    const before = store.faults.calls.commit
    for (let second = 0; second < 120; second++) {
      await environment.advance(1000)
      await verdictOf(manager, token)
    }
    await environment.advance(10)
    expect(store.faults.calls.commit - before).toBe(2)
  })

  it('what a shorter policy says binds sessions that exist', async () => {
    const { manager, another, environment } = world()
    const { token } = await signedIn(manager)
    await environment.advance(11 * 60_000)
    expect(await verdictOf(another({ lifetime: { idle: '10m' } }), token)).toBe('none idle-timeout')
    expect(await verdictOf(another({ lifetime: { absolute: '10m' } }), token)).toBe('none absolute-timeout')
    expect(await verdictOf(manager, token)).toBe('valid')
  })
})

describe('the grace of a regeneration', () => {
  it('lasts until the successor’s first use', async () => {
    const { manager, environment } = world()
    const { session, token } = await signedIn(manager)
    const result = await manager.regenerate(session)
    if (result.kind !== 'changed') throw new Error(result.kind)
    const verdict = await manager.verify(token, 'bearer')
    expect(verdict).toMatchObject({ kind: 'valid', renewed: result.token })
    expect(await verdictOf(manager, result.token)).toBe('valid')
    await environment.advance(5)
    expect(await verdictOf(manager, token)).toBe('none superseded')
    expect(await verdictOf(manager, result.token)).toBe('valid')
  })

  it('and at most as long as it is', async () => {
    const { manager, environment } = world({ regenerate: { grace: '10s' } })
    const { session, token } = await signedIn(manager)
    await manager.regenerate(session)
    await environment.advance(9_999)
    expect(await verdictOf(manager, token)).toBe('valid')
    await environment.advance(1)
    expect(await verdictOf(manager, token)).toBe('none superseded')
  })

  it('hands K parallel callers one token', async () => {
    const { manager, another, environment } = world()
    const { token } = await signedIn(manager)
    const managers = [manager, another(), another()]
    const sessions = await Promise.all(Array.from({ length: 12 }, () => sessionOf(manager, token)))
    const results = await finished(
      environment,
      Promise.all(sessions.map((session, index) => (managers[index % 3] as TestManager).regenerate(session))),
    )
    const tokens = new Set(results.map((result) => (result.kind === 'changed' ? result.token : result.kind)))
    expect(tokens.size).toBe(1)
    expect(await verdictOf(manager, [...tokens][0] ?? '')).toBe('valid')
    expect(await manager.list('ada')).toHaveLength(1)
  })
})

describe('the device limit', () => {
  it('evicts the least recently seen, and says so', async () => {
    const { manager, environment, told } = world({ devices: { limit: 2 } })
    const first = await signedIn(manager)
    await environment.advance(1000)
    const second = await signedIn(manager)
    await environment.advance(120_000)
    await verdictOf(manager, first.token)
    await environment.advance(10)
    const third = await manager.signIn('ada')
    expect(third).toMatchObject({ kind: 'signed-in', evicted: [second.session.id] })
    expect(await verdictOf(manager, second.token)).toBe('none unknown')
    expect(await verdictOf(manager, first.token)).toBe('valid')
    expect(told).toContainEqual({
      name: 'session.ended',
      event: { sessionId: second.session.id, subject: 'ada', reason: 'evicted' },
    })
  })

  it('refuses with `reject`, gives nothing up for it, and tells', async () => {
    const { manager, told } = world({ devices: { limit: 1, policy: 'reject' } })
    const { token } = await signedIn(manager)
    const visitor = await manager.startAnonymous({ data: { a: 1 } })
    const refused = await manager.signIn('ada', { previous: { token: visitor.token, transport: 'bearer' } })
    expect(refused).toEqual({ kind: 'refused', reason: 'device-limit' })
    expect(await verdictOf(manager, visitor.token)).toBe('valid')
    expect(await verdictOf(manager, token)).toBe('valid')
    expect(told).toContainEqual({ name: 'device-limit.reached', event: { subject: 'ada', limit: 1 } })
  })

  it('does not count the session that the sign-in replaces', async () => {
    const { manager } = world({ devices: { limit: 1, policy: 'reject' } })
    const { token } = await signedIn(manager)
    await expect(manager.signIn('ada', { previous: { token, transport: 'bearer' } })).resolves.toMatchObject({
      kind: 'signed-in',
    })
  })

  it('holds at every instant under many sign-ins at once from several processes', async () => {
    const { manager, another, environment } = world({ devices: { limit: 3 } })
    const managers = [manager, another(), another()]
    const progress = { over: false }
    let most = 0
    const watch = (async () => {
      while (!progress.over) {
        most = Math.max(most, (await manager.list('ada')).length)
        await turn()
      }
    })()
    const all = Array.from({ length: 30 }, (_, index) => (managers[index % 3] as TestManager).signIn('ada'))
    await finished(environment, Promise.all(all))
    progress.over = true
    await watch
    expect(most).toBeLessThanOrEqual(3)
    expect(await manager.list('ada')).toHaveLength(3)
  })
})

describe('a visitor’s session at sign-in', () => {
  const carry = { anonymous: { carry: ['cart'] } }

  it('gives the listed data, and ends at once', async () => {
    const { manager } = world(carry)
    const { token } = await manager.startAnonymous({ data: { cart: 'book', secretWish: 'cake' } })
    const { session } = await signedIn(manager, 'ada', {
      previous: { token, transport: 'bearer' },
      data: { lang: 'de' },
    })
    expect(session.data).toEqual({ cart: 'book', lang: 'de' })
    expect(await verdictOf(manager, token)).toMatch(/^none/)
  })

  it('claimed before a crash is continued by the same subject, and gives another nothing', async () => {
    const { manager, store, another, environment } = world(carry)
    const visitor = await manager.startAnonymous({ data: { cart: 'book' } })
    const previous = { token: visitor.token, transport: 'bearer' }
    store.faults.fail({ on: 'commit', skip: 1, times: Number.POSITIVE_INFINITY })
    await expect(finished(environment, manager.signIn('ada', { previous }))).rejects.toMatchObject({
      code: expect.any(String) as string,
    })
    store.faults.heal()
    expect(await verdictOf(manager, visitor.token)).toBe('none claimed')
    const other = await signedIn(another(), 'bob', { previous })
    expect(other.session.data).toEqual({})
    const same = await signedIn(another(), 'ada', { previous })
    expect(same.session.data).toEqual({ cart: 'book' })
  })

  it('sent twice at once ends with one session and one token', async () => {
    const { manager, another, environment } = world(carry)
    const visitor = await manager.startAnonymous({ data: { cart: 'book' } })
    const previous = { token: visitor.token, transport: 'bearer' }
    const both = await finished(
      environment,
      Promise.all([manager, another()].map((one) => signedIn(one, 'ada', { previous }))),
    )
    expect(new Set(both.map(({ token }) => token)).size).toBe(1)
    expect(await manager.list('ada')).toHaveLength(1)
  })

  it('of somebody else gives nothing, and ends too', async () => {
    const { manager } = world(carry)
    const { token } = await signedIn(manager, 'bob', { data: { cart: 'his' } })
    const { session } = await signedIn(manager, 'ada', { previous: { token, transport: 'bearer' } })
    expect(session.data).toEqual({})
    expect(await verdictOf(manager, token)).toMatch(/^none/)
  })

  it('shown over another transport is nobody’s', async () => {
    const { manager } = world(carry)
    const { token } = await manager.startAnonymous({ data: { cart: 'book' } })
    const { session } = await signedIn(manager, 'ada', { previous: { token, transport: '__Host-Http-sid' } })
    expect(session.data).toEqual({})
    expect(await verdictOf(manager, token)).toBe('valid')
  })
})

describe('a sign-in that began', () => {
  it.each<[string, (manager: TestManager) => Promise<unknown>]>([
    ['all sessions were revoked', (manager) => manager.revokeAll('ada')],
    ['the credential was changed', (manager) => manager.credentialChanged('ada')],
    ['the subject was erased', (manager) => manager.eraseSubject('ada')],
    ['everything was revoked', (manager) => manager.revokeEverything()],
  ])('before %s is refused, with a roster and without', async (_, end) => {
    const { manager, environment } = world()
    for (const subject of ['ada', 'ada'] as const) {
      const attempt = await manager.attempt(subject)
      await environment.advance(10)
      await end(manager)
      expect(await manager.signIn(attempt)).toEqual({ kind: 'refused', reason: 'superseded' })
      await signedIn(manager, subject)
    }
  })

  it('with its call belongs to the epoch that the call found', async () => {
    const { manager, store, environment, another } = world()
    await signedIn(manager)
    const found = store.faults.hold({ on: 'list', at: 'answer', times: 1 })
    const signIn = manager.signIn('ada')
    await found.arrived()
    await another().revokeAll('ada')
    found.release()
    expect(await finished(environment, signIn)).toEqual({ kind: 'refused', reason: 'superseded' })
  })

  it('too long ago is refused', async () => {
    const { manager, environment } = world()
    const attempt = await manager.attempt('ada')
    await environment.advance(15 * 60_000 + 1)
    expect(await manager.signIn(attempt)).toEqual({ kind: 'refused', reason: 'attempt-expired' })
  })
})

describe('revocation', () => {
  it('of a session beats what is in flight', async () => {
    const { manager } = world()
    const { session, token } = await signedIn(manager)
    const held = await sessionOf(manager, token)
    expect(await manager.revoke(session.id)).toBe(true)
    expect(await manager.revoke(session.id)).toBe(false)
    expect(await manager.apply(held, increment())).toEqual({ kind: 'ended' })
    expect(await manager.regenerate(held)).toEqual({ kind: 'ended' })
    expect(await manager.elevate(held)).toEqual({ kind: 'ended' })
    expect(await verdictOf(manager, token)).toBe('none unknown')
    expect(await manager.list('ada')).toEqual([])
  })

  it.each([
    '',
    'x',
    'A'.repeat(23),
    'A'.repeat(25),
    '../../../../etc/passwd',
    'é'.repeat(24),
    undefined as never,
  ])('of %j is false and asks no store', async (id) => {
    const { manager, store } = world()
    await manager.ready()
    expect(await manager.revoke(id)).toBe(false)
    expect(store.faults.calls).toMatchObject({ read: 0, list: 0, commit: 0 })
  })

  it('of another realm’s session finds nothing', async () => {
    const { manager, another } = world()
    const { session, token } = await signedIn(manager)
    expect(await another({ realm: 'staff' }).revoke(session.id)).toBe(false)
    expect(await verdictOf(manager, token)).toBe('valid')
  })

  it('of the others counts them and leaves this one', async () => {
    const { manager } = world()
    const [one, two, three] = [await signedIn(manager), await signedIn(manager), await signedIn(manager)]
    expect(await manager.revokeOthers(two.session)).toBe(2)
    expect(await Promise.all([one, two, three].map(({ token }) => verdictOf(manager, token)))).toEqual([
      expect.stringMatching(/^none/),
      'valid',
      expect.stringMatching(/^none/),
    ])
  })

  it('of everything by another process is seen within 5 s', async () => {
    const { manager, another, environment } = world()
    const other = another()
    const { token } = await signedIn(manager)
    expect(await verdictOf(other, token)).toBe('valid')
    await environment.advance(100)
    await manager.revokeEverything()
    expect(await verdictOf(manager, token)).toMatch(/^none/)
    await environment.advance(5_000)
    expect(await verdictOf(other, token)).toBe('none revoked')
  })

  it('of a credential keeps the session that it is told to, with a new token', async () => {
    const { manager } = world()
    const mine = await signedIn(manager)
    const thief = await signedIn(manager)
    const result = await manager.credentialChanged('ada', { keep: mine.session })
    if (result.kind !== 'changed') throw new Error(result.kind)
    expect(await verdictOf(manager, mine.token)).toBe('none superseded')
    expect(await verdictOf(manager, thief.token)).toMatch(/^none/)
    expect(await verdictOf(manager, result.token)).toBe('valid')
  })

  it('of a credential with somebody else’s session to keep is a mistake, and told', async () => {
    const { manager } = world()
    const admin = await signedIn(manager, 'root')
    await expect(manager.credentialChanged('ada', { keep: admin.session })).rejects.toBeInstanceOf(InputError)
  })

  it('by erasure leaves no name and no data', async () => {
    const { manager, store } = world()
    const { session } = await signedIn(manager, 'hopper', {
      data: { note: 'private' },
      attributes: { version: 1, value: { plan: 'gold' } },
    })
    await manager.eraseSubject('hopper')
    const left = JSON.stringify(await store.list(session.id.slice(0, 16) as never))
    for (const word of ['hopper', 'private', 'gold', 'plan']) expect(left).not.toContain(word)
  })
})

describe('a revocation that is not confirmed', () => {
  it('rejects, is refused here at once, and completes later', async () => {
    const { manager, store, environment, told } = world()
    const { session, token } = await signedIn(manager)
    store.faults.fail({ on: 'commit', ...FOREVER })
    const error: unknown = await finished(environment, manager.revoke(session.id)).catch(
      (thrown: unknown) => thrown,
    )
    expect(error).toBeInstanceOf(RevokeUncertain)
    expect(await verdictOf(manager, token)).toBe('none revoked')
    expect(told.map(({ name }) => name)).toContain('revoke.uncertain')
    await environment.advance(60_000)
    expect(told.map(({ name }) => name)).not.toContain('revoke.completed')
    store.faults.heal()
    await environment.advance(60_000)
    await (error as RevokeUncertain).completed
    expect(told.map(({ name }) => name)).toContain('revoke.completed')
    expect(await verdictOf(manager, token)).toBe('none unknown')
  })

  it.each<[string, (manager: TestManager, id: string) => Promise<unknown>]>([
    ['revoke', (manager, id) => manager.revoke(id)],
    ['revokeAll', (manager) => manager.revokeAll('ada')],
    ['eraseSubject', (manager) => manager.eraseSubject('ada')],
    ['credentialChanged', (manager) => manager.credentialChanged('ada')],
    ['revokeEverything', (manager) => manager.revokeEverything()],
  ])('%s: with the store down nothing of it is accepted, before and after', async (_, end) => {
    const { manager, store, environment } = world()
    const { session, token } = await signedIn(manager)
    store.faults.fail(FOREVER)
    const outcome = finished(environment, end(manager, session.id))
    await expect(outcome).rejects.toMatchObject({ code: 'REVOKE_UNCERTAIN', retryable: true })
    store.faults.heal()
    expect(await verdictOf(manager, token)).not.toBe('valid')
    await environment.advance(120_000)
    expect(await verdictOf(manager, token)).toMatch(/^none/)
  })

  it('spares who signs in afterwards', async () => {
    const { manager, store, environment } = world()
    await signedIn(manager)
    store.faults.uncertain()
    await expect(manager.revokeAll('ada')).rejects.toBeInstanceOf(RevokeUncertain)
    const later = await signedIn(manager)
    expect(await verdictOf(manager, later.token)).toBe('valid')
    await environment.advance(60_000)
    expect(await verdictOf(manager, later.token)).toBe('valid')
  })
})

describe('an outage', () => {
  it('is unavailable, never none and never valid', async () => {
    const { manager, store, environment } = world()
    const { token } = await signedIn(manager)
    store.faults.fail(FOREVER)
    expect(await verdictOf(manager, token)).toBe('unavailable STORE_UNAVAILABLE')
    store.faults.heal()
    store.faults.hang(FOREVER)
    const verdict = verdictOf(manager, token)
    await environment.advance(250)
    expect(await verdict).toBe('unavailable DEADLINE_EXCEEDED')
    store.faults.heal()
    expect(await verdictOf(manager, token)).toBe('valid')
  })

  it('that lasts longer than 5 s is unavailable even where the record could be had at once', async () => {
    const { manager, store, environment } = world({ peek: true })
    const { token } = await signedIn(manager)
    store.faults.fail({ on: 'documents.get', ...FOREVER })
    await environment.advance(4_999)
    expect(await verdictOf(manager, token)).toBe('valid')
    await environment.advance(1)
    expect(await verdictOf(manager, token)).toBe('unavailable STORE_UNAVAILABLE')
  })

  it('has one deadline, however many calls a check takes', async () => {
    const { manager, store, environment } = world()
    const { token } = await signedIn(manager)
    await environment.advance(10_000)
    store.faults.delay(200, FOREVER)
    const verdict = verdictOf(manager, token)
    await environment.advance(250)
    expect(await verdict).toBe('unavailable DEADLINE_EXCEEDED')
  })

  it('before the first answer is unavailable', async () => {
    const { manager, token } = await (async () => {
      const setting = world()
      const { token: made } = await signedIn(setting.manager)
      setting.store.faults.fail({ times: 1 })
      return { manager: setting.another(), token: made }
    })()
    expect(await verdictOf(manager, token)).toBe('unavailable STORE_UNAVAILABLE')
    expect(await verdictOf(manager, token)).toBe('valid')
  })

  it('of the random generator is an error, and nothing is stored', async () => {
    const { manager, store, environment } = world()
    await manager.ready()
    environment.randomnessFails = true
    await expect(manager.signIn('ada')).rejects.toMatchObject({ code: 'RANDOMNESS_FAILED' })
    await expect(manager.startAnonymous({ data: { a: 1 } })).rejects.toMatchObject({
      code: 'RANDOMNESS_FAILED',
    })
    expect(store.faults.calls.commit).toBe(0)
  })
})

describe('a write whose outcome is unknown', () => {
  it('that was applied counts once', async () => {
    const { manager, store, environment } = world()
    const { session, token } = await signedIn(manager)
    store.faults.failAfter({ on: 'commit' })
    expect((await finished(environment, manager.apply(session, increment()))).kind).toBe('changed')
    expect((await sessionOf(manager, token)).data).toEqual({ n: 1 })
  })

  it('that was not applied is made again, once', async () => {
    const { manager, store, environment } = world()
    const { session, token } = await signedIn(manager)
    store.faults.fail({ on: 'commit' })
    expect((await finished(environment, manager.apply(session, increment()))).kind).toBe('changed')
    expect((await sessionOf(manager, token)).data).toEqual({ n: 1 })
  })

  it('and cannot be found out is an error, for what must not be repeated', async () => {
    const { manager, store, another, environment } = world()
    const { session, token } = await signedIn(manager)
    const gate = store.faults.hold({ on: 'commit', at: 'answer' })
    const work = manager.apply(session, increment())
    await gate.arrived()
    store.faults.fail({ on: 'read', times: 1 })
    work.catch(() => undefined)
    await environment.advance(2_001)
    await expect(work).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true })
    gate.release()
    expect((await sessionOf(another(), token)).data).toEqual({ n: 1 })
  })

  it('and was overwritten meanwhile is an error too, never a second increment', async () => {
    const { manager, store, another, environment } = world()
    const { session, token } = await signedIn(manager)
    const gate = store.faults.hold({ on: 'commit', at: 'answer', times: 1 })
    const work = manager.apply(session, increment())
    await gate.arrived()
    const other = another()
    await finished(environment, other.apply(await sessionOf(other, token), increment(10)))
    work.catch(() => undefined)
    await environment.advance(2_001)
    await expect(work).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    expect((await sessionOf(other, token)).data).toEqual({ n: 11 })
  })

  it('of a sign-in that landed leaves one session, whose token the caller has', async () => {
    const { manager, store, environment } = world()
    await manager.ready()
    store.faults.failAfter({ on: 'commit' })
    const { token } = await finished(environment, signedIn(manager))
    expect(await verdictOf(manager, token)).toBe('valid')
    expect(await manager.list('ada')).toHaveLength(1)
  })

  it('of a first sign-in that may still land is an error: its secret is given to nobody', async () => {
    const { manager, store, environment } = world()
    await manager.ready()
    store.faults.fail({ on: 'commit' })
    await expect(finished(environment, signedIn(manager))).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
    })
    const { token } = await finished(environment, signedIn(manager))
    expect(await verdictOf(manager, token)).toBe('valid')
    expect(await manager.list('ada')).toHaveLength(1)
  })
})

describe('waiting writers', () => {
  it('of one roster leave as few commits', async () => {
    const { manager, store } = world({ devices: { limit: 10 } })
    await manager.ready()
    const before = store.faults.calls.commit
    await Promise.all(Array.from({ length: 100 }, () => manager.signIn('ada')))
    expect(store.faults.calls.commit - before).toBeLessThanOrEqual(5)
    expect(await manager.list('ada')).toHaveLength(10)
  })

  it('lose no increment, whatever process they are in', async () => {
    const { manager, another, environment } = world()
    const { token } = await signedIn(manager)
    const managers = [manager, another(), another()]
    const sessions = await Promise.all(managers.map((one) => sessionOf(one, token)))
    const work = Array.from({ length: 60 }, (_, index) =>
      (managers[index % 3] as TestManager).apply(sessions[index % 3] as never, increment()),
    )
    await finished(environment, Promise.all(work))
    expect((await sessionOf(manager, token)).data).toEqual({ n: 60 })
  })

  it('are not hurt by one whose function throws', async () => {
    const { manager } = world()
    const { session, token } = await signedIn(manager)
    const bad = manager.update(session, () => {
      throw new RangeError('mine')
    })
    const good = manager.apply(session, increment())
    await expect(bad).rejects.toBeInstanceOf(RangeError)
    await good
    expect((await sessionOf(manager, token)).data).toEqual({ n: 1 })
  })
})

describe('what the store holds', () => {
  /** A store that tells something else about records. */
  const telling = (
    inner: SessionStore,
    tell: (answer: { header: object; record: object }) => unknown,
  ): SessionStore =>
    ({
      ...inner,
      peek: undefined,
      read: async (...of: [never, never]) => tell((await inner.read(...of)) as never),
    }) as never

  it.each<[string, (answer: { header: object; record: object }) => unknown, string]>([
    ['a damaged record', ({ header }) => ({ header, unreadable: 'damaged' }), 'none damaged'],
    ['a damaged header', () => 'damaged', 'none damaged'],
    ['a newer format', ({ header }) => ({ header, unreadable: 'newer' }), 'unavailable newer-format'],
    ['a newer header', () => 'newer', 'unavailable newer-format'],
    [
      'an older generation than the token’s',
      ({ header, record }) => ({ header, record: { ...record, generation: -1 } }),
      'unavailable store-behind',
    ],
    [
      'a roster that is being restored',
      ({ header, record }) => ({ header: { ...header, state: 'restoring' }, record }),
      'unavailable restoring',
    ],
    [
      'another record than was asked for',
      ({ header, record }) => ({ header, record: { ...record, number: 'AAAAAAAB' } }),
      'none damaged',
    ],
  ])('%s', async (_, tell, verdict) => {
    const environment = fakeEnvironment()
    const inner = memoryStore({ environment })
    const { token } = await signedIn(managerOn(inner, environment))
    const manager = managerOn(telling(inner, tell), environment)
    const told: unknown[] = []
    manager.on('record.unreadable', (event) => told.push(event))
    expect(await verdictOf(manager, token)).toBe(verdict)
    expect(told).toHaveLength(verdict === 'none damaged' ? 1 : 0)
  })
})

describe('a token', () => {
  it('that was not signed here costs no store call', async () => {
    const { manager, store, told } = world()
    const { token } = await signedIn(manager)
    const before = { ...store.faults.calls }
    const forged = token.slice(0, -1) + (token.endsWith('A') ? 'B' : 'A')
    expect(await verdictOf(manager, forged)).toBe('none forged')
    expect(await verdictOf(manager, token, 'other-cookie')).toBe('none forged')
    expect(await verdictOf(manager, 'undefined')).toBe('none malformed')
    expect(await verdictOf(manager, '')).toBe('none absent')
    expect(store.faults.calls).toEqual(before)
    expect(told.filter(({ name }) => name === 'token.rejected')).toHaveLength(3)
  })

  it('is nobody’s in another deployment, realm or store', async () => {
    const { manager, another } = world()
    const { token } = await signedIn(manager)
    expect(await verdictOf(another({ realm: 'staff' }), token)).toBe('none forged')
    expect(await verdictOf(world().manager, token)).toMatch(/^none/)
  })

  it('of a retiring secret is good, and signed anew', async () => {
    const { manager, another } = world()
    const { token } = await signedIn(manager)
    const rotated = another({ secrets: [SECRETS[1], SECRETS[0]] })
    const verdict = await rotated.verify(token, 'bearer')
    if (verdict.kind !== 'valid' || verdict.renewed === undefined) throw new Error(verdict.kind)
    expect(verdict.renewed).not.toBe(token)
    const later = another({ secrets: SECRETS[1] })
    expect(await verdictOf(later, verdict.renewed)).toBe('valid')
    expect(await verdictOf(later, token)).toBe('none forged')
  })

  it('is in no event and no log', async () => {
    const { manager, environment, told } = world({ devices: { limit: 1 } })
    const { token, session } = await signedIn(manager)
    await manager.regenerate(session)
    await signedIn(manager)
    await verdictOf(manager, token)
    const all = JSON.stringify([told, environment.logs])
    expect(told.length).toBeGreaterThan(3)
    expect(all).not.toContain(token.slice(32, 76))
    expect(all).not.toContain('sjs_')
  })
})

describe('a session', () => {
  it('of B08 values is refused whole, and nothing is stored', async () => {
    const { manager } = world({ data: { limit: '1KiB' } })
    const { session, token } = await signedIn(manager, 'ada', { data: { n: 1 } })
    for (const data of [{ a: new Map() }, { a: 1n }, { a: { b: undefined } }, { a: 'x'.repeat(2000) }]) {
      await expect(manager.update(session, () => data as never)).rejects.toBeInstanceOf(InputError)
      await expect(manager.signIn('bob', { data })).rejects.toBeInstanceOf(InputError)
    }
    await expect(manager.update(session, (async () => ({})) as never)).rejects.toMatchObject({
      code: 'DATA_INVALID',
    })
    expect((await sessionOf(manager, token)).data).toEqual({ n: 1 })
    expect(await manager.list('bob')).toEqual([])
  })

  it.each(['', 'a'.repeat(513), '\ud800', 5 as never])('of subject %j is refused', async (subject) => {
    const { manager } = world()
    await expect(manager.signIn(subject)).rejects.toMatchObject({ code: 'SUBJECT_INVALID' })
  })

  it('data of a process that declares less survives its write', async () => {
    const { manager, another } = world({ data: { dictionary: ['cart', 'visits'] } })
    const { token } = await signedIn(manager, 'ada', { data: { cart: ['book'], visits: 1 } })
    const old = another({ data: { dictionary: ['visits'] } })
    await old.update(await sessionOf(old, token), (data) => ({ ...data, visits: 2 }))
    expect((await sessionOf(manager, token)).data).toEqual({ cart: ['book'], visits: 2 })
  })
})

describe('close', () => {
  it('writes the touches that wait, and then answers unavailable', async () => {
    const { manager, another, environment } = world()
    const { token } = await signedIn(manager)
    await environment.advance(10 * 60_000)
    const session = await sessionOf(manager, token)
    await manager.close()
    expect((await sessionOf(another(), token)).seenAt).toBe(session.seenAt + 10 * 60_000)
    expect(await verdictOf(manager, token)).toBe('unavailable CLOSED')
    await expect(manager.signIn('ada')).rejects.toMatchObject({ code: 'CLOSED' })
  })
})

it('a listener that fails hurts nobody, and is logged', async () => {
  const { manager, environment } = world()
  manager.on('session.created', () => {
    throw new Error('mine')
  })
  const late: () => unknown = () => Promise.reject(new Error('mine too'))
  manager.on('session.created', late)
  await signedIn(manager)
  await environment.advance(1)
  expect(environment.logs).toHaveLength(2)
})
