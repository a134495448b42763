/** What a manager counts about itself, asked for through its own door. */
import { describe, expect, it } from 'vitest'
import { memoryStore } from '../../stores/memory/index.ts'
import { finished, sessionOf, signedIn, type TestManager, verdictOf, world } from '../manager.fixture.ts'
import type { Measure, SelfMeasuring } from '../measures.ts'
import type { SessionStore } from '../store.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const FOREVER = { times: Number.POSITIVE_INFINITY }

/** The figure with these attributes among others, or how often a histogram was recorded into. */
function read(manager: TestManager, name: string, attributes: Record<string, string> = {}): number {
  const found = manager
    .measures()
    .filter((measure) => measure.name === name)
    .filter((measure) =>
      Object.entries(attributes).every(([key, value]) => measure.attributes[key] === value),
    )
  if (found.length !== 1)
    throw new Error(`${found.length} measures are ${name} ${JSON.stringify(attributes)}`)
  const [measure] = found as [Measure]
  return measure.kind === 'histogram' ? measure.counts.reduce((sum, count) => sum + count, 0) : measure.value
}

/** Everything of that name that is not 0, by the last attribute. */
function counted(manager: TestManager, name: string): Record<string, number> {
  const found = manager.measures().filter((measure) => measure.name === name)
  const entries = found.flatMap((measure) =>
    measure.kind === 'histogram' || measure.value === 0
      ? []
      : [[Object.values(measure.attributes).at(-1) ?? '', measure.value]],
  )
  return Object.fromEntries(entries)
}

describe('verdicts', () => {
  it.each([
    ['reads that are waited for', false],
    ['reads that answer at once', true],
  ])('each counts once, with %s', async (_, peek) => {
    const { manager } = world({ peek })
    const { token } = await signedIn(manager)
    for (let check = 0; check < 5; check++) await manager.verify(token, 'bearer')
    expect(counted(manager, 'sojourn.verdicts')).toEqual({ valid: 5 })
  })

  it('none counts by its reason', async () => {
    const { manager, environment } = world()
    const [first, second, third] = [await signedIn(manager), await signedIn(manager), await signedIn(manager)]
    await manager.signOut(first.session)
    const renewed = await manager.regenerate(second.session, { because: 'privilege' })
    expect(renewed.kind).toBe('changed')
    for (const token of ['', 'x', `${third.token.slice(0, -2)}AA`, first.token, second.token])
      await manager.verify(token, 'bearer')
    await environment.advance(2 * HOUR)
    await manager.verify(third.token, 'bearer')
    manager.emit('token.rejected', { reason: 'duplicate', transport: 'cookie' })
    expect(counted(manager, 'sojourn.verdicts')).toEqual({
      absent: 1,
      malformed: 1,
      duplicate: 1,
      forged: 1,
      unknown: 1,
      superseded: 1,
      'idle-timeout': 1,
    })
  })

  it('unavailable counts by its code', async () => {
    const { manager, store, environment } = world()
    const { token } = await signedIn(manager)
    store.faults.fail({ on: 'read' })
    expect(await verdictOf(manager, token)).toBe('unavailable STORE_UNAVAILABLE')
    store.faults.hang({ on: 'read' })
    await finished(environment, Promise.resolve(manager.verify(token, 'bearer')))
    expect(counted(manager, 'sojourn.verdicts')).toEqual({ STORE_UNAVAILABLE: 1, DEADLINE_EXCEEDED: 1 })
  })
})

describe('sessions', () => {
  it('those that begin count by their lifetime, those that end by why', async () => {
    const { manager } = world({ devices: { limit: 1 } })
    await manager.startAnonymous({ data: { cart: 1 } })
    await signedIn(manager)
    const { session } = await signedIn(manager, 'ada', { remember: true })
    await manager.signOut(session)
    expect(counted(manager, 'sojourn.sessions.created')).toEqual({ anonymous: 1, session: 1, remember: 1 })
    expect(counted(manager, 'sojourn.sessions.ended')).toEqual({ evicted: 1, 'signed-out': 1 })
  })

  it('sign-ins that are refused count by why', async () => {
    const { manager, environment } = world({ devices: { limit: 1, policy: 'reject' }, remember: false })
    const attempts = [await manager.attempt('ada'), await manager.attempt('bob')] as const
    await manager.signIn('ada', { remember: true })
    await signedIn(manager)
    await manager.signIn('ada')
    await manager.revokeAll('ada')
    await manager.signIn(attempts[0])
    await environment.advance(2 * HOUR)
    await manager.signIn(attempts[1])
    expect(counted(manager, 'sojourn.sign_ins.refused')).toEqual({
      'remember-disabled': 1,
      'device-limit': 1,
      superseded: 1,
      'attempt-expired': 1,
    })
  })

  it('those that were good lately count once each, and no more when they are seen no more', async () => {
    const { manager, environment } = world({ peek: true })
    const tokens: string[] = []
    for (let user = 0; user < 20; user++) tokens.push((await signedIn(manager, `user ${user}`)).token)
    expect(read(manager, 'sojourn.sessions.active')).toBe(0)
    for (const token of [...tokens, ...tokens]) await manager.verify(token, 'bearer')
    expect(read(manager, 'sojourn.sessions.active')).toBe(20)
    await environment.advance(4 * MINUTE)
    await manager.verify(tokens[0] ?? '', 'bearer')
    expect(read(manager, 'sojourn.sessions.active')).toBe(20)
    await environment.advance(3 * MINUTE)
    expect(read(manager, 'sojourn.sessions.active')).toBe(1)
  })
})

describe('revocations', () => {
  it('one that is not confirmed is pending and refused here until it is', async () => {
    const { manager, store, environment } = world()
    const { session } = await signedIn(manager)
    store.faults.fail({ on: 'commit', ...FOREVER })
    await expect(finished(environment, manager.signOut(session))).rejects.toThrow('did not confirm')
    expect(counted(manager, 'sojourn.revocations')).toEqual({ uncertain: 1 })
    expect(read(manager, 'sojourn.revocations.pending')).toBe(1)
    expect(read(manager, 'sojourn.refusals.local')).toBe(1)
    store.faults.heal()
    await environment.advance(MINUTE)
    expect(counted(manager, 'sojourn.revocations')).toEqual({ uncertain: 1, completed: 1 })
    expect(read(manager, 'sojourn.revocations.pending')).toBe(0)
    expect(read(manager, 'sojourn.refusals.local')).toBe(0)
  })

  it('one of everything is refused here too', async () => {
    const { manager, store, environment } = world()
    await manager.ready()
    store.faults.fail({ on: 'documents.put', ...FOREVER })
    await expect(finished(environment, manager.revokeEverything())).rejects.toThrow('did not confirm')
    expect(read(manager, 'sojourn.refusals.local')).toBe(1)
  })
})

describe('touches', () => {
  it('are written once, coalesced with others that came meanwhile, and dropped when that fails', async () => {
    const { manager, store, environment } = world()
    const { token } = await signedIn(manager)
    await environment.advance(2 * MINUTE)
    for (let check = 0; check < 3; check++) await sessionOf(manager, token)
    await environment.advance(10)
    expect(counted(manager, 'sojourn.touches')).toEqual({ written: 1, coalesced: 2 })
    await environment.advance(2 * MINUTE)
    store.faults.fail({ on: 'commit', ...FOREVER })
    await sessionOf(manager, token)
    await environment.advance(10_000)
    expect(counted(manager, 'sojourn.touches')).toEqual({ written: 1, coalesced: 2, dropped: 1 })
  })

  it('one that another process made needless is coalesced', async () => {
    const { manager, another, environment } = world()
    const { token } = await signedIn(manager)
    const other = another()
    await environment.advance(2 * MINUTE)
    await sessionOf(manager, token)
    await sessionOf(other, token)
    await environment.advance(10)
    const all = [counted(manager, 'sojourn.touches'), counted(other, 'sojourn.touches')]
    expect(all).toEqual([{ written: 1 }, expect.not.objectContaining({ written: 1 })])
  })
})

describe('what is known of the deployment', () => {
  it('grows old while nobody asks, from the start on, and is young again after a check', async () => {
    const { manager, environment } = world()
    await environment.advance(3_000)
    expect(read(manager, 'sojourn.deployment.age')).toBe(3)
    const { token } = await signedIn(manager)
    expect(read(manager, 'sojourn.deployment.age')).toBe(0)
    await environment.advance(9_000)
    expect(read(manager, 'sojourn.deployment.age')).toBe(9)
    await sessionOf(manager, token)
    expect(read(manager, 'sojourn.deployment.age')).toBe(0)
  })
})

describe('store calls', () => {
  it('count by operation and outcome, with how long they took', async () => {
    const { manager, store, environment } = world()
    const { session, token } = await signedIn(manager)
    await sessionOf(manager, token)
    store.faults.delay(30, { on: 'read' })
    await finished(environment, sessionOf(manager, token))
    await manager.signOut(session)
    await manager.verify(token, 'bearer')
    store.faults.fail({ on: 'read' })
    await manager.verify(token, 'bearer')
    const calls = (operation: string, outcome: string): number =>
      read(manager, 'sojourn.store.calls', { operation, outcome })
    expect(calls('read', 'ok')).toBe(2)
    expect(calls('read', 'absent')).toBe(1)
    expect(calls('read', 'STORE_UNAVAILABLE')).toBe(1)
    expect(calls('commit', 'ok')).toBe(2)
    expect(calls('list', 'absent')).toBe(1)
    expect(calls('list', 'ok')).toBe(1)
    expect(calls('documents', 'absent')).toBe(1)
    expect(read(manager, 'sojourn.store.duration', { operation: 'read' })).toBe(4)
    expect(slowestRead(manager)).toBe(0.05)
  })

  it('one that hangs is in flight, and counts when it comes back late', async () => {
    const { manager, store, environment } = world()
    const { token } = await signedIn(manager)
    const gate = store.faults.hold({ on: 'read' })
    expect(await finished(environment, verdictOf(manager, token))).toBe('unavailable DEADLINE_EXCEEDED')
    expect(read(manager, 'sojourn.store.in_flight')).toBe(1)
    expect(read(manager, 'sojourn.store.duration', { operation: 'read' })).toBe(0)
    gate.release()
    await environment.advance(1)
    expect(read(manager, 'sojourn.store.in_flight')).toBe(0)
    expect(read(manager, 'sojourn.store.duration', { operation: 'read' })).toBe(1)
  })

  it('each is told as it comes back, to whoever listens', async () => {
    const { manager, store, environment } = world()
    const { token } = await signedIn(manager)
    const heard: unknown[] = []
    const stop = manager.on('store.called', (event) => void heard.push(event))
    store.faults.delay(250, { on: 'read' })
    await finished(environment, Promise.resolve(manager.verify(token, 'bearer')))
    await environment.advance(1)
    expect(heard).toEqual([{ operation: 'read', outcome: 'ok', seconds: 0.25 }])
    stop()
    await manager.verify(token, 'bearer')
    expect(heard).toHaveLength(1)
  })
})

/** The bound of the last bucket of reads with something in it, in seconds. */
function slowestRead(manager: TestManager): number | undefined {
  const durations = manager
    .measures()
    .find((measure) => measure.attributes['operation'] === 'read' && measure.kind === 'histogram')
  if (durations?.kind !== 'histogram') return undefined
  return durations.bounds[durations.counts.findLastIndex((count) => count > 0)]
}

describe('all together', () => {
  it('has what the store knows of itself', () => {
    const hits: Measure = {
      name: 'sojourn.near.hits',
      description: 'Hits.',
      unit: '{read}',
      kind: 'counter',
      attributes: {},
      value: 7,
    }
    const { manager } = managerOver({ measures: () => [hits] })
    expect(read(manager, 'sojourn.near.hits')).toBe(7)
    expect(read(manager, 'sojourn.measures.failed')).toBe(0)
  })

  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('no')
      },
    ],
    ['answers a promise that fails', () => Promise.reject(new Error('no'))],
    ['answers nothing', () => undefined],
    ['answers what is no measure', () => [{ name: 'sojourn.near.hits' }, null]],
  ])('does without a store that %s, and says so', (_, measures) => {
    const { manager } = managerOver({ measures: measures as SelfMeasuring['measures'] })
    const before = manager.measures().length
    expect(read(manager, 'sojourn.measures.failed')).toBe(2)
    expect(manager.measures()).toHaveLength(before)
    expect(read(manager, 'sojourn.verdicts', { kind: 'valid' })).toBe(0)
  })

  it('has the same series whoever and however many come, and nothing of them in it', async () => {
    const { manager } = world({ realm: 'shop' })
    const series = (): string =>
      manager
        .measures()
        .map(({ name, attributes }) => `${name} ${JSON.stringify(attributes)}`)
        .join('\n')
    const before = series()
    for (let user = 0; user < 100; user++) {
      const { token, session } = await signedIn(manager, `user ${user}`)
      await manager.verify(token, 'bearer')
      await manager.verify(`${token.slice(0, -2)}AA`, `transport ${user}`)
      if (user % 2 === 0) await manager.signOut(session)
    }
    expect(series()).toBe(before)
    expect(before.split('\n').length).toBeLessThan(200)
    expect(new Set(before.split('\n')).size).toBe(before.split('\n').length)
    expect(manager.measures().every(({ attributes }) => attributes['realm'] === 'shop')).toBe(true)
  })

  it('is still there when the sessions are closed', async () => {
    const { manager } = world()
    const { token } = await signedIn(manager)
    await manager.close()
    await manager.verify(token, 'bearer')
    expect(counted(manager, 'sojourn.verdicts')).toEqual({ CLOSED: 1 })
  })
})

function managerOver(more: SelfMeasuring): { readonly manager: TestManager } {
  const { another, environment } = world()
  const store: SessionStore = { ...memoryStore({ environment }), ...more }
  return { manager: another({ store }) }
}
