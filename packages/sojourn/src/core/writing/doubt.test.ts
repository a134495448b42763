/** What must hold when the store answers late, not at all, or only after somebody else has moved on. */
import { describe, expect, it } from 'vitest'
import { RevokeUncertain, SystemError } from '../errors.ts'
import { finished, sessionOf, signedIn, verdictOf, world } from '../manager.fixture.ts'

const HOUR = 3_600_000
const FOREVER = { times: Number.POSITIVE_INFINITY }

describe('a revocation that the store does not confirm', () => {
  it('refuses the sessions of its own subject, also when it could not even look', async () => {
    const { manager, store, environment } = world()
    const ada = await signedIn(manager, 'ada')
    const bob = await signedIn(manager, 'bob')
    store.faults.fail({ on: 'list', times: 1 })
    await expect(finished(environment, manager.revokeAll('ada'))).rejects.toBeInstanceOf(RevokeUncertain)
    expect(await verdictOf(manager, ada.token)).toBe('none revoked')
    expect(await verdictOf(manager, bob.token)).toBe('valid')
  })

  it('is tried before a sign-in, which it does not end afterwards', async () => {
    const { manager, store, environment } = world()
    const before = await signedIn(manager)
    store.faults.fail({ on: 'commit', ...FOREVER })
    await expect(finished(environment, manager.revokeAll('ada'))).rejects.toBeInstanceOf(RevokeUncertain)
    await expect(finished(environment, signedIn(manager))).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
    })
    store.faults.heal()
    const later = await finished(environment, signedIn(manager))
    expect(await verdictOf(manager, later.token)).toBe('valid')
    await environment.advance(120_000)
    expect(await verdictOf(manager, later.token)).toBe('valid')
    expect(await verdictOf(manager, before.token)).toMatch(/^none/)
  })

  it('is tried once more at close', async () => {
    const { manager, store, environment, another } = world()
    const { session, token } = await signedIn(manager)
    store.faults.fail({ on: 'commit', ...FOREVER })
    await expect(finished(environment, manager.signOut(session))).rejects.toBeInstanceOf(RevokeUncertain)
    store.faults.heal()
    await finished(environment, manager.close())
    expect(await verdictOf(another(), token)).toBe('none unknown')
  })

  it('is driven once, however often it is asked for', async () => {
    const { manager, store, environment } = world()
    const { session } = await signedIn(manager)
    store.faults.fail({ on: 'commit', ...FOREVER })
    const before = environment.timers
    for (let times = 0; times < 50; times++) {
      await finished(environment, manager.signOut(session)).catch(() => undefined)
    }
    expect(environment.timers - before).toBeLessThan(10)
  })
})

it('a change that lands while its outcome is looked for counts once', async () => {
  const { manager, store, environment, another } = world()
  const { session, token } = await signedIn(manager)
  const commit = store.faults.hold({ on: 'commit', at: 'call', times: 1 })
  const work = manager.update(session, (data) => {
    data.n = Number(data.n ?? 0) + 1
  })
  await commit.arrived()
  const look = store.faults.hold({ on: 'read', at: 'answer', times: 1 })
  await environment.advance(2_001)
  await look.arrived()
  commit.release()
  look.release()
  expect((await finished(environment, work)).kind).toBe('changed')
  expect((await sessionOf(another(), token)).data).toEqual({ n: 1 })
})

it('a refusal does not hide that an earlier try may have been applied, or may be yet', async () => {
  const { manager, store, environment } = world()
  const { session } = await signedIn(manager)
  store.faults.fail({ on: 'commit' })
  store.faults.fail({ on: 'commit', error: new SystemError('STORE_FULL', 'The test filled the store.') })
  await expect(
    finished(
      environment,
      manager.update(session, () => ({ n: 1 })),
    ),
  ).rejects.toMatchObject({
    code: 'STORE_UNAVAILABLE',
    message: expect.stringContaining('whether it was applied is not known'),
  })
})

it('a session that was ended cannot end the others', async () => {
  const { manager } = world()
  const owner = await signedIn(manager)
  const thief = await signedIn(manager)
  await manager.revoke(thief.session.id)
  expect(await manager.revokeOthers(thief.session)).toBeUndefined()
  expect(await verdictOf(manager, owner.token)).toBe('valid')
})

it('a form sent again after a sign-out does not bring the signed-out token back', async () => {
  const { manager } = world()
  const visitor = await manager.startAnonymous({ data: { n: 1 } })
  const previous = { token: visitor.token, transport: 'bearer' }
  const first = await signedIn(manager, 'ada', { previous })
  await manager.signOut(first.session)
  const second = await signedIn(manager, 'ada', { previous })
  expect(second.token).not.toBe(first.token)
  expect(await verdictOf(manager, first.token)).toMatch(/^none/)
  expect(await verdictOf(manager, second.token)).toBe('valid')
})

it('attributes set by a clock that is ahead make a session due once, not with every request', async () => {
  const { manager, environment } = world()
  const { token } = await signedIn(manager)
  environment.step(HOUR / 2)
  await manager.setSubjectAttributes('ada', { version: 1, value: {} })
  environment.step(-HOUR / 2)
  const due = await sessionOf(manager, token)
  expect(manager.regenerationDue(due)).toBe('privilege')
  const renewed = await manager.regenerate(due, { because: 'privilege' })
  expect(renewed.kind === 'changed' && manager.regenerationDue(renewed.session)).toBeUndefined()
})
