/** What a manager says whose store keeps copies, while another process changes what they are copies of. */
import { describe, expect, it } from 'vitest'
import { memoryStore } from '../../stores/memory/index.ts'
import { type TieredStore, tieredStore } from '../../stores/tiered/index.ts'
import { makeChange } from '../../testing/builders.ts'
import { fakeEnvironment, type FakeEnvironment } from '../../testing/fake-environment.ts'
import { flakyStore, type FlakyStore } from '../../testing/flaky-store.ts'
import {
  managerOn,
  SECRETS,
  sessionOf,
  type SignedIn,
  signedIn,
  type TestManager,
  type TestOptions,
  verdictOf,
} from '../manager.fixture.ts'
import type { RosterKey, SessionNumber } from '../ids.ts'
import type { RosterHeader, StoredSession } from '../roster.ts'

interface Setting {
  readonly environment: FakeEnvironment
  /** Its store keeps copies, and hears of nothing. */
  readonly here: TestManager
  readonly near: TieredStore
  /** Another process. */
  readonly there: TestManager
  readonly hot: FlakyStore
  readonly reads: () => number
}

function setting(options: TestOptions = {}): Setting {
  const environment = fakeEnvironment()
  const hot = flakyStore(memoryStore({ environment }), { environment })
  const near = tieredStore({ hot, environment })
  const here = managerOn(near, environment, options)
  const there = managerOn(tieredStore({ hot, environment }), environment, options)
  return { environment, hot, near, here, there, reads: () => hot.faults.calls.read }
}

interface Found {
  readonly header: RosterHeader
  readonly record: StoredSession
}

/** A session of which there is a copy here. */
async function copied(options: TestOptions = {}): Promise<Setting & SignedIn> {
  const made = setting(options)
  const { there, here } = made
  const { session, token } = await signedIn(there)
  for (let check = 0; check < 2; check++) expect(await verdictOf(here, token)).toBe('valid')
  return { ...made, session, token }
}

const strictly = async (manager: TestManager, token: string): Promise<string> => {
  const verdict = await manager.verify(token, 'bearer', { mode: 'strict' })
  return verdict.kind === 'none' ? `none ${verdict.reason}` : verdict.kind
}

describe('a copy is ground for `valid`', () => {
  it('at once, and without asking', async () => {
    const { here, token, reads } = await copied()
    const before = reads()
    expect(here.verify(token, 'bearer')).toMatchObject({ kind: 'valid' })
    expect(reads()).toBe(before)
  })

  it.each<[string, (there: TestManager, made: SignedIn) => Promise<unknown>, string]>([
    ['a sign-out', (there, { session }) => there.signOut(session), 'none unknown'],
    ['a revocation of all', (there) => there.revokeAll('ada'), 'none revoked'],
    ['an elevation', (there, { session }) => there.elevate(session), 'none superseded'],
  ])('and for no longer than the lease after %s elsewhere', async (_, end, verdict) => {
    const { environment, here, there, session, token } = await copied()
    await end(there, { session, token })
    expect(await verdictOf(here, token)).toBe('valid')
    expect(await strictly(here, token)).toBe(verdict)
    await environment.advance(5_000)
    expect(await verdictOf(here, token)).toBe(verdict)
  })

  it('and for no longer than this process takes to hear that everything was ended', async () => {
    const { environment, here, there, token } = await copied()
    await environment.advance(4_000)
    expect(await verdictOf(here, token)).toBe('valid')
    await there.revokeEverything()
    await environment.advance(5_000)
    expect(await verdictOf(here, token)).toBe('none revoked')
  })

  it('but not where this process ended the session', async () => {
    const { here, token, session } = await copied()
    await here.signOut(session)
    expect(await verdictOf(here, token)).toBe('none unknown')
  })

  it('but not where this process was told to, and the store did not confirm it', async () => {
    const { here, hot, token } = await copied()
    hot.faults.fail({ on: 'commit', times: Number.POSITIVE_INFINITY })
    await expect(here.revokeAll('ada')).rejects.toMatchObject({ code: 'REVOKE_UNCERTAIN' })
    expect(await verdictOf(here, token)).toBe('none revoked')
  })
})

describe('a copy is no ground for', () => {
  it.each<[string, (there: TestManager, made: SignedIn) => Promise<unknown>]>([
    ['a token that is newer: elevated elsewhere', (there, { session }) => there.elevate(session)],
    ['one that was regenerated elsewhere', (there, { session }) => there.regenerate(session)],
    ['one that was kept when the password changed', changedPassword],
    ['one of a sign-in that replaced it', (there, { token }) => signedInOver(there, token)],
    ['one of a sign-in after everything was revoked', afterRevocation],
  ])('refusing %s', async (_, change) => {
    const { here, there, session, token } = await copied()
    const { token: newer } = (await change(there, { session, token })) as SignedIn
    expect(await verdictOf(here, newer)).toBe('valid')
  })

  it('an idle timeout: somebody used the session elsewhere', async () => {
    const { environment, here, there, token } = await copied({ lifetime: { idle: '4s', absolute: '1h' } })
    await environment.advance(3_500)
    expect(await verdictOf(there, token)).toBe('valid')
    await environment.advance(700)
    expect(await verdictOf(here, token)).toBe('valid')
  })

  it('handing out a successor: the session may have a later one', async () => {
    const { environment, here, there, session, token } = await copied()
    await there.regenerate(session)
    await environment.advance(5_000)
    expect(await verdictOf(here, token)).toBe('valid')
    const { session: live } = (await there.verify(token, 'bearer')) as { session: typeof session }
    await there.elevate(live)
    expect(await verdictOf(here, token)).toBe('none superseded')
  })

  it('handing out the same token under a new key: the session may have another by now', async () => {
    const { environment, hot, there, session, token } = await copied()
    const rotated = managerOn(tieredStore({ hot, environment }), environment, {
      secrets: [SECRETS[1], SECRETS[0]],
    })
    expect(await verdictOf(rotated, token)).toBe('valid')
    expect(await verdictOf(rotated, token)).toBe('valid')
    await there.elevate(session)
    expect(await verdictOf(rotated, token)).toBe('none superseded')
  })

  it('an absence that the authority never told of this token: its number may have come again', async () => {
    const { here, there, near, hot } = setting()
    const { session, token } = await signedIn(there)
    const { roster, number } = placeOf(token)
    const { header, record } = (await hot.read(roster, number)) as Found
    await there.signOut(session)
    await near.read(roster, number)
    await hot.commit(roster, makeChange({ header, put: [record] }))
    expect(near.peek(roster, number)).toBeUndefined()
    expect(await verdictOf(here, token)).toBe('valid')
  })
})

describe('a token whose session has ended', () => {
  it('asks the store at most once a second, however often it is shown', async () => {
    const { environment, here, there, session, token, reads } = await copied()
    await there.signOut(session)
    await environment.advance(5_000)
    expect(await verdictOf(here, token)).toBe('none unknown')
    const before = reads()
    for (let check = 0; check < 20; check++) expect(await verdictOf(here, token)).toBe('none unknown')
    expect(reads()).toBe(before)
    await environment.advance(1_000)
    for (let check = 0; check < 20; check++) expect(await verdictOf(here, token)).toBe('none unknown')
    expect(reads()).toBe(before + 1)
  })
})

describe('what changes or decides', () => {
  it('works on the live session, not on the copy', async () => {
    const { here, there, token, session } = await copied()
    await there.update(session, () => ({ n: 1 }))
    const old = await sessionOf(here, token)
    expect(old.data).toEqual({})
    const changed = await here.update(old, (data) => ({ n: Number(data['n']) + 1 }))
    expect(changed).toMatchObject({ kind: 'changed', session: { data: { n: 2 } } })
    expect((await sessionOf(here, token)).data).toEqual({ n: 2 })
  })

  it('lists what there is', async () => {
    const { here, there } = await copied()
    await signedIn(there)
    expect(await here.list('ada')).toHaveLength(2)
  })

  it('begins an attempt at the present epoch', async () => {
    const { here, there } = await copied()
    const before = await here.attempt('ada')
    await there.revokeAll('ada')
    expect((await here.attempt('ada')).epoch).toBe(before.epoch + 1)
    expect(await here.signIn(before)).toMatchObject({ kind: 'refused', reason: 'superseded' })
  })

  it('does not take over a session that has ended elsewhere', async () => {
    const { here, there } = setting({ anonymous: { carry: ['cart'] } })
    const visitor = await there.startAnonymous({ data: { cart: 'book' } })
    for (let check = 0; check < 2; check++) expect(await verdictOf(here, visitor.token)).toBe('valid')
    await there.signOut(visitor.session)
    const { session } = await signedIn(here, 'ada', {
      previous: { token: visitor.token, transport: 'bearer' },
    })
    expect(session.data).toEqual({})
  })

  it('tells live connections of an end elsewhere', async () => {
    const { environment, here, there, session, token } = await copied()
    const told: string[] = []
    here.onEnd(await sessionOf(here, token), (reason) => told.push(reason))
    await environment.advance(1_000)
    await there.signOut(session)
    expect(await verdictOf(here, token)).toBe('valid')
    await environment.advance(4_000)
    expect(told).toEqual(['unknown'])
  })

  it('reads its own writes: a sign-in, a new secret and a sign-out hold at once', async () => {
    const { here } = setting()
    const { session, token } = await signedIn(here)
    expect(await verdictOf(here, token)).toBe('valid')
    const renewed = await here.elevate(await sessionOf(here, token))
    expect(await verdictOf(here, token)).toBe('none superseded')
    expect(await verdictOf(here, renewed.kind === 'changed' ? renewed.token : '')).toBe('valid')
    await here.signOut(session)
    expect(await verdictOf(here, token)).toBe('none unknown')
  })
})

describe('mode', () => {
  it('`strict` of a manager asks the authority at each check', async () => {
    const { here, there, session, token, reads } = await copied({ mode: 'strict' })
    const before = reads()
    for (let check = 0; check < 3; check++) expect(await verdictOf(here, token)).toBe('valid')
    expect(reads()).toBe(before + 3)
    await there.signOut(session)
    expect(await verdictOf(here, token)).toBe('none unknown')
  })

  it('`bounded` of a call goes before the manager’s', async () => {
    const { here, token, reads } = await copied({ mode: 'strict' })
    await here.verify(token, 'bearer', { mode: 'bounded' })
    const before = reads()
    await here.verify(token, 'bearer', { mode: 'bounded' })
    expect(reads()).toBe(before)
  })

  it('that is unknown is the strict one', async () => {
    const { here, there, session, token } = await copied()
    await there.signOut(session)
    expect(await here.verify(token, 'bearer', { mode: 'Bounded' as never })).toMatchObject({ kind: 'none' })
  })

  it('`strict` lets a store without copies answer at once', async () => {
    const environment = fakeEnvironment()
    const manager = managerOn(memoryStore({ environment }), environment, { mode: 'strict' })
    const { token } = await signedIn(manager)
    expect(manager.verify(token, 'bearer')).toMatchObject({ kind: 'valid' })
  })
})

describe('to verify a session again', () => {
  it('asks the authority, and shows what is so now', async () => {
    const { here, there, session, token } = await copied()
    await there.update(session, () => ({ n: 1 }))
    const held = await sessionOf(here, token)
    expect(await here.reverify(held)).toMatchObject({ kind: 'valid', session: { data: { n: 1 } } })
    await there.elevate(session)
    expect(await here.reverify(held)).toEqual({ kind: 'none', reason: 'superseded' })
    await there.revokeAll('ada')
    expect(await here.reverify(held)).toEqual({ kind: 'none', reason: 'revoked' })
  })

  it('does not use up the secret before: requests in flight still have it', async () => {
    const { environment, here, there, session, token } = await copied()
    await there.regenerate(session)
    const held = await here.verify(token, 'bearer', { mode: 'strict' })
    if (held.kind !== 'valid') throw new Error('It has its grace.')
    for (let times = 0; times < 2; times++) {
      expect(await here.reverify(held.session)).toMatchObject({ kind: 'valid' })
      await environment.advance(1_000)
    }
    expect(await strictly(here, token)).toBe('valid')
  })

  it('keeps to the secret that was shown when there is a newer one', async () => {
    const { here, there, session, token } = await copied()
    const held = await sessionOf(here, token)
    await there.regenerate(session)
    const again = await here.reverify(held)
    if (again.kind !== 'valid') throw new Error('It has its grace.')
    expect(here.tokenFor(again.session, 'bearer')).toBe(token)
    expect(await here.elevate(again.session)).toEqual({ kind: 'superseded' })
  })

  it('is unavailable when nobody can know', async () => {
    const { here, hot, token } = await copied()
    const held = await sessionOf(here, token)
    hot.faults.fail({ on: 'read' })
    expect(await here.reverify(held)).toMatchObject({ kind: 'unavailable', code: 'STORE_UNAVAILABLE' })
    await here.close()
    expect(await here.reverify(held)).toMatchObject({ kind: 'unavailable', code: 'CLOSED' })
  })
})

function placeOf(token: string): { roster: RosterKey; number: SessionNumber } {
  return { roster: token.slice(4, 20) as RosterKey, number: token.slice(20, 28) as SessionNumber }
}

async function changedPassword(there: TestManager, { session }: SignedIn): Promise<unknown> {
  return await there.credentialChanged('ada', { keep: session })
}

async function signedInOver(there: TestManager, token: string): Promise<unknown> {
  return await signedIn(there, 'ada', { previous: { token, transport: 'bearer' } })
}

async function afterRevocation(there: TestManager): Promise<unknown> {
  await there.revokeAll('ada')
  return await signedIn(there)
}
