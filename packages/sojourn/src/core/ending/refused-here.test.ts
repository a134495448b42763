/** What this process refuses because it was asked to end it, while the store, which was not reached, still has it. */
import { describe, expect, it } from 'vitest'
import { RevokeUncertain } from '../errors.ts'
import {
  finished,
  sessionOf,
  signedIn,
  type TestManager,
  verdictOf,
  type World,
  world,
} from '../manager.fixture.ts'

const FOREVER = { times: Number.POSITIVE_INFINITY }

/** The store takes no commit while `end` is tried, and has everything as before afterwards. */
async function inAnOutage({ store, environment }: World, end: Promise<unknown>): Promise<void> {
  await expect(finished(environment, end)).rejects.toBeInstanceOf(RevokeUncertain)
  store.faults.heal()
}

function beginOutage({ store }: World): void {
  store.faults.fail({ on: 'commit', ...FOREVER })
}

describe.each([
  ['reads that are waited for', false],
  ['reads that answer at once', true],
])('with %s', (_, peek) => {
  it.each<[string, (manager: TestManager, id: string) => Promise<unknown>]>([
    ['revoke', async (manager, id) => await manager.revoke(id)],
    ['revokeAll', async (manager) => await manager.revokeAll('ada')],
    ['credentialChanged', async (manager) => await manager.credentialChanged('ada')],
    ['eraseSubject', async (manager) => await manager.eraseSubject('ada')],
  ])('%s: refused here, while another process still has it, and after it was told', async (__, end) => {
    const here = world({ peek })
    const { session, token } = await signedIn(here.manager)
    const bob = await signedIn(here.manager, 'bob')
    beginOutage(here)
    await inAnOutage(here, end(here.manager, session.id))
    expect(await verdictOf(here.manager, token)).toBe('none revoked')
    expect(await verdictOf(here.another(), token), 'the store has it').toBe('valid')
    expect(await verdictOf(here.manager, bob.token)).toBe('valid')
    await here.environment.advance(60_000)
    expect(await verdictOf(here.another(), token)).toMatch(/^none/)
  })

  it('a visitor’s session that is refused here is taken over by no sign-in', async () => {
    const here = world({ peek, anonymous: { carry: ['cart'] } })
    const visitor = await here.manager.startAnonymous({ data: { cart: 'hers' } })
    beginOutage(here)
    await inAnOutage(here, here.manager.revoke(visitor.session.id))
    const previous = { token: visitor.token, transport: 'bearer' }
    const { session } = await signedIn(here.manager, 'ada', { previous })
    expect(session.data).toEqual({})
  })
})

describe('a refusal that was meant for one secret', () => {
  it('does not hit the session when it has another one', async () => {
    const here = world()
    const { token } = await signedIn(here.manager)
    beginOutage(here)
    await inAnOutage(here, here.manager.signOutHolder({ token, transport: 'bearer' }))
    expect(await verdictOf(here.manager, token)).toBe('none revoked')
    const other = here.another()
    const renewed = await other.regenerate(await sessionOf(other, token), { because: 'privilege' })
    if (renewed.kind !== 'changed') throw new Error(renewed.kind)
    expect(await verdictOf(here.manager, renewed.token), 'nobody asked for its end').toBe('valid')
    await here.environment.advance(60_000)
    expect(here.told.map(({ name }) => name)).toContain('revoke.completed')
    expect(await verdictOf(here.manager, renewed.token), 'nor was it driven on').toBe('valid')
    expect(await verdictOf(here.manager, token)).toBe('none superseded')
  })

  it('ends the session when it still has that one', async () => {
    const here = world()
    const { token } = await signedIn(here.manager)
    beginOutage(here)
    await inAnOutage(here, here.manager.signOutHolder({ token, transport: 'bearer' }))
    await here.environment.advance(60_000)
    expect(await verdictOf(here.another(), token)).toBe('none unknown')
  })
})

describe('a revocation of everything a subject has, asked for while an earlier one is driven on', () => {
  it('ends what began in between', async () => {
    const here = world()
    await signedIn(here.manager)
    here.store.faults.uncertain()
    await expect(finished(here.environment, here.manager.revokeAll('ada'))).rejects.toBeInstanceOf(
      RevokeUncertain,
    )
    const between = await signedIn(here.another())
    beginOutage(here)
    await inAnOutage(here, here.manager.revokeAll('ada'))
    await here.environment.advance(60_000)
    expect(await verdictOf(here.another(), between.token)).toMatch(/^none/)
  })
})
