import { describe, expect, it } from 'vitest'
import { memoryStore } from '../../stores/memory/index.ts'
import { fakeEnvironment } from '../../testing/fake-environment.ts'
import {
  sessionOf,
  type SignedIn,
  signedIn,
  SECRETS,
  verdictOf,
  type World,
  world,
} from '../manager.fixture.ts'
import type { ReadAnswer } from '../store.ts'

/** A session that was checked before, so that what was decided is kept. */
async function known(options: Parameters<typeof world>[0] = {}): Promise<World & SignedIn> {
  const setting = world({ peek: true, ...options })
  const made = await signedIn(setting.manager)
  for (let check = 0; check < 3; check++) expect(await verdictOf(setting.manager, made.token)).toBe('valid')
  return { ...setting, ...made }
}

/** A session that was checked before, and what the store was told each time that it had answered. */
async function observed(): Promise<World & SignedIn & { readonly known: readonly unknown[] }> {
  const store = memoryStore({ environment: fakeEnvironment() })
  const given: unknown[] = []
  const peek: typeof store.peek = (roster, number, before) => {
    given.push(before)
    return store.peek(roster, number, before)
  }
  const setting = await known({ inner: { ...store, peek } as typeof store })
  return { ...setting, known: given }
}

/** The first check asks how everything is, the second one looks. */
async function nextGiven(
  manager: World['manager'],
  token: string,
  given: readonly unknown[],
): Promise<readonly unknown[]> {
  const before = given.length
  for (let check = 0; check < 2; check++) expect(await verdictOf(manager, token)).toBe('valid')
  return given.slice(before)
}

describe('what was decided about a token before does not outlive', () => {
  it.each<[string, (setting: World & SignedIn) => Promise<unknown>, string]>([
    ['a sign-out', ({ manager, session }) => manager.signOut(session), 'none unknown'],
    ['a sign-out in another process', ({ another, session }) => another().revoke(session.id), 'none unknown'],
    ['a revocation of all', ({ manager }) => manager.revokeAll('ada'), 'none revoked'],
    ['one in another process', ({ another }) => another().revokeAll('ada'), 'none revoked'],
    ['an end of everything', ({ manager }) => manager.revokeEverything(), 'none revoked'],
    ['a new secret', ({ manager, session }) => manager.elevate(session), 'none superseded'],
    ['the idle timeout', ({ environment }) => environment.advance(3_600_001), 'none idle-timeout'],
  ])('%s', async (_, end, verdict) => {
    const setting = await known()
    await end(setting)
    expect(await verdictOf(setting.manager, setting.token)).toBe(verdict)
  })

  it('the absolute timeout, however often the session is used', async () => {
    const { manager, environment, token } = await known({ lifetime: { idle: '2h', absolute: '3h' } })
    for (let hour = 0; hour < 2; hour++) {
      await environment.advance(3_600_000)
      expect(await verdictOf(manager, token)).toBe('valid')
    }
    await environment.advance(3_600_000)
    expect(await verdictOf(manager, token)).toMatch(/^none/)
  })

  it('the end of everything elsewhere, once this process has heard of it', async () => {
    const { manager, another, environment, token } = await known()
    await another().revokeEverything()
    await environment.advance(5_000)
    expect(await verdictOf(manager, token)).toBe('none revoked')
  })

  it('a revocation that the store did not confirm', async () => {
    const { manager, store, token } = await known()
    store.faults.fail({ on: 'commit', times: Number.POSITIVE_INFINITY })
    await expect(manager.revokeAll('ada')).rejects.toMatchObject({ code: 'REVOKE_UNCERTAIN' })
    expect(await verdictOf(manager, token)).toBe('none revoked')
  })
})

describe('what a decision holds', () => {
  it('is out of memory two minutes after the last check, and no timer is left', async () => {
    const { manager, environment, token, known: given } = await observed()
    await environment.advance(120_000)
    expect(environment.timers).toBe(0)
    expect(await nextGiven(manager, token, given)).toEqual([undefined])
  })

  it('stays while the token is in use', async () => {
    const { manager, environment, token, known: given } = await observed()
    for (let times = 0; times < 20; times++) {
      await environment.advance(50_000)
      expect(await nextGiven(manager, token, given)).toEqual([expect.objectContaining({})])
    }
  })
})

describe('a decision that is kept', () => {
  it('still touches: a session in use does not run into its idle timeout', async () => {
    const { manager, environment, token } = await known()
    for (let minute = 0; minute < 120; minute++) {
      await environment.advance(60_000)
      expect(await verdictOf(manager, token)).toBe('valid')
    }
  })

  it('shows what another request has written', async () => {
    const { manager, another, token, session } = await known()
    await another().update(session, () => ({ theme: 'dark' }))
    expect((await sessionOf(manager, token)).data).toEqual({ theme: 'dark' })
  })

  it('still renews a token whose key retires', async () => {
    const { another, token } = await known()
    const rotated = another({ secrets: [SECRETS[1], SECRETS[0]] })
    await rotated.ready()
    for (let check = 0; check < 3; check++) {
      const verdict = await rotated.verify(token, 'bearer')
      expect(verdict).toMatchObject({ kind: 'valid', renewed: expect.stringMatching(/^sjs_/) })
    }
  })

  it('saves the store nothing and the check a second look', async () => {
    const store = memoryStore()
    const answers: (ReadAnswer | 'ask')[] = []
    const peek: typeof store.peek = (...place) => {
      const answer = store.peek(...place)
      answers.push(answer)
      return answer
    }
    const { manager } = world({ peek: true, inner: { ...store, peek } as typeof store })
    const { token } = await signedIn(manager)
    for (let check = 0; check < 3; check++) expect(await verdictOf(manager, token)).toBe('valid')
    expect(answers.slice(-2)).toEqual([answers.at(-3), answers.at(-3)])
    expect(answers.at(-1)).toBe(answers.at(-3))
  })
})
