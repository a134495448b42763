/** A store whose fence refuses the deployment record: it may be deposed, so nothing is accepted beyond the bound. */
import { describe, expect, it } from 'vitest'
import { RevokeUncertain, SystemError } from '../errors.ts'
import { finished, signedIn, verdictOf, world } from '../manager.fixture.ts'
import { STALE_AFTER_MS } from './deployment-watch.ts'

const UNCONFIRMED = new SystemError('STORE_UNCONFIRMED', 'The test keeps the fence down.', {
  retryable: true,
})
const FENCED = { on: 'documents.get', times: Number.POSITIVE_INFINITY, error: UNCONFIRMED } as const

describe.each([true, false])('while the record cannot be had (records at once: %s)', (peek) => {
  it('checks are unavailable once what is known is too old, and go on when it can be had again', async () => {
    const { environment, manager, store } = world({ peek })
    const { token } = await signedIn(manager)
    store.faults.fail(FENCED)
    await environment.advance(STALE_AFTER_MS - 1)
    expect(await verdictOf(manager, token)).toBe('valid')
    await environment.advance(1)
    for (let second = 0; second < 60; second++) {
      expect(await verdictOf(manager, token)).toBe('unavailable STORE_UNCONFIRMED')
      await environment.advance(1_000)
    }
    store.faults.heal()
    expect(await verdictOf(manager, token)).toBe('valid')
  })

  it('revoking everything is uncertain, accepts nobody here meanwhile, and is completed', async () => {
    const { environment, manager, store, another, told } = world({ peek })
    const { token } = await signedIn(manager)
    const there = another()
    expect(await verdictOf(there, token)).toBe('valid')
    store.faults.fail(FENCED)
    await expect(finished(environment, manager.revokeEverything())).rejects.toBeInstanceOf(RevokeUncertain)
    expect(await verdictOf(manager, token)).toBe('unavailable revocation-in-doubt')
    await environment.advance(STALE_AFTER_MS)
    for (let second = 0; second < 60; second++) {
      for (const process of [manager, there]) expect(await verdictOf(process, token)).toMatch(/^unavailable/)
      await environment.advance(1_000)
    }
    store.faults.heal()
    await environment.advance(60_000)
    expect(told.map(({ name }) => name)).toContain('revoke.completed')
    for (const process of [manager, there]) expect(await verdictOf(process, token)).toBe('none revoked')
  })
})

it('a first start behind the fence is tried again, and not refused for good', async () => {
  const { environment, manager, store } = world()
  store.faults.fail(FENCED)
  await expect(manager.ready()).rejects.toMatchObject({ code: 'STORE_UNCONFIRMED' })
  store.faults.heal()
  await environment.advance(1)
  await expect(manager.ready()).resolves.toBeUndefined()
})
