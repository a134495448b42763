/** What ended in a session's favour, while the store applies changes and cannot confirm them, and after it lost them. */
import { describe, expect, it, vi } from 'vitest'
import { fakeEnvironment } from '../../testing/fake-environment.ts'
import { type FlakyStore, flakyStore } from '../../testing/flaky-store.ts'
import {
  type Data,
  finished,
  managerOn,
  sessionOf,
  type SignedIn,
  signedIn,
  type TestManager,
  type TestOptions,
  type TestSession,
  verdictOf,
} from '../manager.fixture.ts'
import { type Pair, pairOfStores } from './failover.fixture.ts'

/** Much is counted here; only what hangs takes this long. */
vi.setConfig({ testTimeout: 60_000 })

interface Setting extends Omit<Pair, 'store'> {
  readonly faults: FlakyStore['faults']
  readonly environment: ReturnType<typeof fakeEnvironment>
  readonly manager: TestManager
  /** Another process, which ended nothing. */
  readonly other: TestManager
  readonly another: (options: TestOptions) => TestManager
  /** What the first process told of revocations. */
  readonly told: string[]
}

function setUp(options: TestOptions = {}): Setting {
  const environment = fakeEnvironment()
  const pair = pairOfStores(environment)
  const store = flakyStore(pair.store, { environment })
  const manager = managerOn(store, environment, options)
  const told: string[] = []
  manager.on('revoke.uncertain', () => void told.push('uncertain'))
  manager.on('revoke.completed', () => void told.push('completed'))
  const another = (more: TestOptions): TestManager => managerOn(store, environment, more)
  return { ...pair, faults: store.faults, environment, manager, told, other: another(options), another }
}

interface Ended {
  /** What was acknowledged as over, and what its change gave instead. */
  readonly old: string
  readonly fresh: string
}

const FOREVER = { times: Number.POSITIVE_INFINITY }
const ONE_DEVICE: TestOptions = { devices: { limit: 1 } }
const EVICTION = 'a sign-in that evicts'

/** Signs in before the second copy is cut off, so that only the end of it is not confirmed. */
async function beforeTheCut(setting: Setting, how: string): Promise<Ended> {
  const { manager } = setting
  const first = await signedIn(manager)
  setting.cut()
  if (how === EVICTION) return { old: first.token, fresh: (await signedIn(manager)).token }
  const result =
    how === 'regenerate'
      ? await manager.regenerate(first.session, { because: 'privilege' })
      : await manager.elevate(first.session, { aal: 2 })
  if (result.kind !== 'changed') throw new Error(result.kind)
  return { old: first.token, fresh: result.token }
}

describe.each([EVICTION, 'regenerate', 'elevate'])('%s', (how) => {
  it('succeeds although the store cannot confirm it, and is driven on until it does', async () => {
    const setting = setUp(ONE_DEVICE)
    const { environment, manager, other, told } = setting
    const { old, fresh } = await beforeTheCut(setting, how)
    expect(told).toEqual(['uncertain'])
    for (const process of [manager, other])
      expect([await verdictOf(process, old), await verdictOf(process, fresh)]).toEqual([
        expect.stringMatching(/^none/),
        'valid',
      ])
    await environment.advance(5 * 60_000)
    expect(told, 'a voter that is missing for minutes').toEqual(['uncertain'])
    setting.mend()
    await environment.advance(60_000)
    expect(told).toEqual(['uncertain', 'completed'])
  })

  it('is refused here when the store loses it, and ended again', async () => {
    const setting = setUp(ONE_DEVICE)
    const { environment, manager, other } = setting
    const { old } = await beforeTheCut(setting, how)
    setting.failOver()
    expect(await verdictOf(other, old), 'the store has it again').toBe('valid')
    expect(await verdictOf(manager, old)).toBe('none revoked')
    await environment.advance(60_000)
    for (const process of [manager, other]) expect(await verdictOf(process, old)).toMatch(/^none/)
  })

  it('stays ended once it was confirmed, whatever the store loses afterwards', async () => {
    const setting = setUp(ONE_DEVICE)
    const { environment, other } = setting
    const { old } = await beforeTheCut(setting, how)
    setting.mend()
    await environment.advance(60_000)
    setting.failOver()
    expect(await verdictOf(other, old)).toMatch(/^none/)
  })
})

it('a revocation is not confirmed by being there', async () => {
  const { cut, environment, manager, mend, told } = setUp()
  const { session } = await signedIn(manager)
  cut()
  await expect(manager.signOut(session)).rejects.toMatchObject({ code: 'REVOKE_UNCERTAIN' })
  await environment.advance(5 * 60_000)
  expect(told).toEqual(['uncertain'])
  mend()
  await environment.advance(60_000)
  expect(told).toEqual(['uncertain', 'completed'])
})

it('a drive leaves a newer secret alone', async () => {
  const { cut, environment, manager, mend, other, told } = setUp()
  const { session } = await signedIn(manager)
  cut()
  const first = await manager.regenerate(session, { because: 'privilege' })
  if (first.kind !== 'changed') throw new Error(first.kind)
  const held = await sessionOf(other, first.token)
  const second = await other.regenerate(held, { because: 'privilege' })
  if (second.kind !== 'changed') throw new Error(second.kind)
  await environment.advance(60_000)
  mend()
  await environment.advance(60_000)
  expect(told).toEqual(['uncertain', 'completed'])
  for (const process of [manager, other]) expect(await verdictOf(process, second.token)).toBe('valid')
})

it('what is confirmed at once is driven by nobody', async () => {
  const { environment, faults, manager, told } = setUp(ONE_DEVICE)
  await signedIn(manager)
  const { session } = await signedIn(manager)
  await manager.regenerate(session, { because: 'privilege' })
  const before = faults.calls.commit
  await environment.advance(60_000)
  expect([told, faults.calls.commit - before]).toEqual([[], 0])
})

describe.each(['regenerate', 'elevate'])('%s that the store lost', (how) => {
  it('is made again: its token is good, with what was written since', async () => {
    const setting = setUp()
    const { environment, manager, other } = setting
    const { fresh } = await beforeTheCut(setting, how)
    setting.failOver()
    expect(await verdictOf(manager, fresh), 'nobody is signed out').toBe('unavailable store-behind')
    await environment.advance(60_000)
    const session = await sessionOf(other, fresh)
    expect(session.aal).toBe(how === 'elevate' ? 2 : 1)
    const change = other.update(session, (data: Data) => void (data['n'] = 1))
    expect((await finished(environment, change)).kind).toBe('changed')
  })

  it('brings no session back that ended meanwhile', async () => {
    const setting = setUp()
    const { environment, manager, other } = setting
    const { old, fresh } = await beforeTheCut(setting, how)
    setting.failOver()
    await other.revokeAll('ada')
    await environment.advance(60_000)
    for (const token of [old, fresh]) expect(await verdictOf(manager, token)).toMatch(/^none/)
    expect(await manager.list('ada')).toEqual([])
  })
})

it('a regeneration with grace leaves the old token good until the grace is over, and not beyond', async () => {
  const setting = setUp()
  const { environment, manager } = setting
  const { session, token } = await signedIn(manager)
  setting.cut()
  await manager.regenerate(session)
  setting.failOver()
  expect(await verdictOf(manager, token)).toBe('valid')
  setting.faults.fail({ on: 'commit', ...FOREVER })
  await environment.advance(29_000)
  expect(await verdictOf(manager, token)).toBe('valid')
  await environment.advance(1_000)
  expect(await verdictOf(manager, token)).toBe('none revoked')
})

it('a visitor’s session that a sign-in took over is refused, and claimed again', async () => {
  const setting = setUp({ anonymous: { carry: ['cart'] } })
  const { environment, manager, other } = setting
  const visitor = await manager.startAnonymous({ data: { cart: 'hers' } })
  setting.cut()
  const previous = { token: visitor.token, transport: 'bearer' }
  const first = await signedIn(manager, 'ada', { previous })
  expect(first.session.data).toEqual({ cart: 'hers' })
  setting.failOver()
  expect(await verdictOf(other, visitor.token)).toBe('valid')
  expect(await verdictOf(manager, visitor.token)).toBe('none revoked')
  await environment.advance(10_000)
  expect(await verdictOf(other, visitor.token)).toBe('none claimed')
})

it('all that ends in one roster is driven by one drive, and other sign-ins go on', async () => {
  const setting = setUp(ONE_DEVICE)
  const { environment, manager, told } = setting
  const tokens = [(await signedIn(manager)).token]
  setting.cut()
  for (let times = 0; times < 20; times++) {
    tokens.push((await signedIn(manager)).token)
    await environment.advance(1_000)
  }
  expect(told).toEqual(['uncertain'])
  const last = tokens.pop() ?? ''
  setting.failOver()
  for (const token of tokens) expect(await verdictOf(manager, token)).toMatch(/^none/)
  setting.mend()
  await environment.advance(60_000)
  expect(told).toEqual(['uncertain', 'completed'])
  expect(await verdictOf(manager, last), 'nothing was ended but what was to end').toBe('none unknown')
})

describe('more than can be driven on is not made', () => {
  /** So many changes of ada's roster wait to be confirmed; her session after them. */
  async function renewedInVain(setting: Setting, first: SignedIn, count: number): Promise<SignedIn> {
    setting.cut()
    let last = first
    for (let times = 0; times < count; times++) {
      const result = await setting.manager.regenerate(last.session, { because: 'privilege' })
      if (result.kind !== 'changed') throw new Error(result.kind)
      last = result
    }
    return last
  }

  /** As many as may. */
  async function full(setting: Setting): Promise<SignedIn> {
    return await renewedInVain(setting, await signedIn(setting.manager), 256)
  }

  const overloaded = { code: 'OVERLOADED', retryable: true }

  it.each<[string, (manager: TestManager, session: TestSession) => Promise<unknown>]>([
    ['a regeneration', (manager, session) => manager.regenerate(session)],
    ['an elevation', (manager, session) => manager.elevate(session, { aal: 2 })],
  ])('%s: the client keeps the token that it has', async (_, renew) => {
    const setting = setUp()
    const { environment, faults, manager, other } = setting
    const { session, token } = await full(setting)
    const before = faults.calls.commit
    await expect(renew(manager, session)).rejects.toMatchObject(overloaded)
    expect(faults.calls.commit - before).toBe(0)
    for (const process of [manager, other]) expect(await verdictOf(process, token)).toBe('valid')
    setting.mend()
    await environment.advance(60_000)
    expect(await renew(manager, session)).toMatchObject({ kind: 'changed' })
  })

  it('a sign-in that would evict: nobody is evicted, and no visitor loses what they have', async () => {
    const setting = setUp({ ...ONE_DEVICE, anonymous: { carry: ['cart'] } })
    const { manager } = setting
    const visitor = await manager.startAnonymous({ data: { cart: 'hers' } })
    const { token } = await full(setting)
    const previous = { token: visitor.token, transport: 'bearer' }
    for (const options of [{}, { previous }])
      await expect(manager.signIn('ada', options)).rejects.toMatchObject(overloaded)
    expect([await verdictOf(manager, token), await verdictOf(manager, visitor.token)]).toEqual([
      'valid',
      'valid',
    ])
  })

  describe('a sign-in that takes one session over and evicts another', () => {
    async function signInAgain(
      room: number,
    ): Promise<{ outcome: Promise<unknown>; left: () => Promise<string[]> }> {
      const setting = setUp(ONE_DEVICE)
      const { manager } = setting
      const generous = setting.another({ devices: { limit: 10 } })
      const oldest = await signedIn(generous)
      const last = await renewedInVain(setting, await signedIn(generous), 256 - room)
      const previous = { token: last.token, transport: 'bearer' }
      return {
        outcome: manager.signIn('ada', { previous }),
        left: async () => [await verdictOf(manager, oldest.token), await verdictOf(manager, last.token)],
      }
    }

    it('does both where there is room for both', async () => {
      const { outcome, left } = await signInAgain(2)
      expect(await outcome).toMatchObject({ kind: 'signed-in', evicted: [expect.any(String)] })
      expect(await left()).toEqual([expect.stringMatching(/^none/), expect.stringMatching(/^none/)])
    })

    it('does neither where there is room for one', async () => {
      const { outcome, left } = await signInAgain(1)
      await expect(outcome).rejects.toMatchObject(overloaded)
      expect(await left()).toEqual(['valid', 'valid'])
    })

    it('keeps no place afterwards', async () => {
      const { environment, manager } = setUp(ONE_DEVICE)
      let { token } = await signedIn(manager)
      for (let times = 0; times < 257; times++) {
        const previous = { token, transport: 'bearer' }
        token = (await signedIn(manager, 'ada', { previous })).token
        await environment.advance(31_000)
      }
      expect((await manager.signIn('ada')).kind).toBe('signed-in')
    })
  })

  it('a sign-in that evicts nobody needs no place', async () => {
    const setting = setUp()
    await full(setting)
    expect((await setting.manager.signIn('ada')).kind).toBe('signed-in')
  })

  it('changes that are under way have a place each', async () => {
    const setting = setUp({ devices: { limit: 256 } })
    const { faults, manager } = setting
    const sessions: TestSession[] = []
    for (let device = 0; device < 256; device++) sessions.push((await signedIn(manager)).session)
    setting.cut()
    const [first] = sessions
    if (first === undefined) throw new Error('There are many.')
    const again = await manager.elevate(first)
    if (again.kind !== 'changed') throw new Error(again.kind)
    const commit = faults.hold({ on: 'commit', times: 1 })
    const elevations = sessions.slice(1).map((session) => manager.elevate(session))
    await commit.arrived()
    const oneMore = manager.regenerate(again.session, { because: 'privilege' })
    commit.release()
    await expect(oneMore).rejects.toMatchObject(overloaded)
    for (const elevation of elevations) expect((await elevation).kind).toBe('changed')
  })

  it('a revocation is refused here and driven on all the same', async () => {
    const setting = setUp()
    const { environment, faults, manager, mend, other } = setting
    const { session, token } = await full(setting)
    faults.fail({ on: 'commit', ...FOREVER })
    await expect(finished(environment, manager.signOut(session))).rejects.toMatchObject({
      code: 'REVOKE_UNCERTAIN',
    })
    expect([await verdictOf(manager, token), await verdictOf(other, token)]).toEqual([
      'none revoked',
      'valid',
    ])
    faults.heal()
    mend()
    await environment.advance(60_000)
    expect(await verdictOf(other, token)).toMatch(/^none/)
  })

  it('room that was not needed is given back', async () => {
    const { environment, faults, manager } = setUp()
    const { session } = await signedIn(manager)
    for (let times = 0; times < 300; times++) {
      expect((await manager.update(session, () => ({ n: times }))).kind).toBe('changed')
      await signedIn(manager)
    }
    faults.fail({ on: 'commit', ...FOREVER })
    for (let times = 0; times < 300; times++)
      await finished(environment, manager.signIn('bob')).catch(() => undefined)
    faults.heal()
    expect((await finished(environment, manager.signIn('bob'))).kind).toBe('signed-in')
  })
})

it('a sign-in whose outcome is unknown has ended nothing, and nothing is refused for it', async () => {
  const setting = setUp(ONE_DEVICE)
  const { environment, faults, manager, told } = setting
  const { token } = await signedIn(manager)
  faults.fail({ on: 'commit', ...FOREVER })
  await expect(finished(environment, manager.signIn('ada'))).rejects.toMatchObject({
    code: 'STORE_UNAVAILABLE',
  })
  faults.heal()
  expect([await verdictOf(manager, token), told]).toEqual(['valid', []])
})

describe('a change that failed and was made all the same', () => {
  it('counts as one whose write class was not reached', async () => {
    const setting = setUp()
    const { environment, faults, manager, told } = setting
    const { session } = await signedIn(manager)
    faults.failAfter({ on: 'commit' })
    await finished(environment, manager.regenerate(session, { because: 'privilege' }))
    expect(told).toEqual(['uncertain'])
    await environment.advance(1_000)
    expect(told).toEqual(['uncertain', 'completed'])
  })

  it('is confirmed by another when somebody else wrote before it was looked for', async () => {
    const setting = setUp()
    const { environment, faults, manager, other } = setting
    const { session, token } = await signedIn(manager)
    faults.failAfter({ on: 'commit' })
    const look = faults.hold({ on: 'list', skip: 1, times: 1 })
    const end = manager.signOut(session)
    await look.arrived()
    await signedIn(other)
    look.release()
    await finished(environment, end)
    setting.failOver()
    expect(await verdictOf(other, token)).toMatch(/^none/)
  })

  it('is no acknowledgement of a revocation', async () => {
    const setting = setUp()
    const { environment, faults, manager, told } = setting
    const { session } = await signedIn(manager)
    faults.failAfter({ on: 'commit' })
    await expect(finished(environment, manager.signOut(session))).rejects.toMatchObject({
      code: 'REVOKE_UNCERTAIN',
    })
    await environment.advance(1_000)
    expect(told).toEqual(['uncertain', 'completed'])
  })
})

it('a write that was decided before a regeneration for a reason of privilege does not land after it', async () => {
  const { manager } = setUp()
  const { token } = await signedIn(manager)
  const held = await sessionOf(manager, token)
  await manager.regenerate(await sessionOf(manager, token), { because: 'privilege' })
  expect((await manager.update(held, () => ({ n: 1 }))).kind).toBe('superseded')
})

it('one that was decided before a regeneration because of age does', async () => {
  const { manager } = setUp()
  const { token } = await signedIn(manager)
  const held = await sessionOf(manager, token)
  await manager.regenerate(await sessionOf(manager, token), { because: 'age' })
  expect((await manager.update(held, () => ({ n: 1 }))).kind).toBe('changed')
})

describe('a revocation that is asked for again before it was confirmed', () => {
  const uncertain = { code: 'REVOKE_UNCERTAIN' }

  it.each(['the same process', 'another process'])('is not acknowledged sooner, by %s', async (who) => {
    const setting = setUp()
    const { environment, manager, other } = setting
    const { session, token } = await signedIn(manager)
    setting.cut()
    const end = (by: TestManager): Promise<boolean> => finished(environment, by.revoke(session.id))
    await expect(end(manager)).rejects.toMatchObject(uncertain)
    await expect(end(who === 'another process' ? other : manager)).rejects.toMatchObject(uncertain)
    setting.mend()
    await end(other)
    setting.failOver()
    expect(await verdictOf(other, token)).toMatch(/^none/)
  })
})
