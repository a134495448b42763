/** The end of what is not there: it is confirmed like any other, and leaves nothing behind. */
import { describe, expect, it } from 'vitest'
import { fakeEnvironment, type FakeEnvironment } from '../../testing/fake-environment.ts'
import { type FlakyStore, flakyStore } from '../../testing/flaky-store.ts'
import { makeNumber, makeRosterKey } from '../../testing/builders.ts'
import { parseSessionId, type RosterKey, sessionId } from '../ids.ts'
import {
  finished,
  managerOn,
  type SignedIn,
  signedIn,
  type TestManager,
  verdictOf,
} from '../manager.fixture.ts'
import { type Pair, pairOfStores } from './failover.fixture.ts'

interface Setting extends Omit<Pair, 'store'> {
  readonly environment: FakeEnvironment
  readonly store: FlakyStore
  readonly customers: TestManager
  readonly staff: TestManager
}

function setUp(): Setting {
  const environment = fakeEnvironment()
  const pair = pairOfStores(environment)
  const store = flakyStore(pair.store, { environment })
  const realm = (name: string): TestManager => managerOn(store, environment, { realm: name })
  return { ...pair, environment, store, customers: realm('customers'), staff: realm('staff') }
}

function rosterIn(id: string): RosterKey {
  const parsed = parseSessionId(id)
  if (parsed === undefined) throw new Error('This is no session id.')
  return parsed.roster
}

const NOWHERE = sessionId(makeRosterKey(7), makeNumber(7))
const uncertain = { code: 'REVOKE_UNCERTAIN' }

describe('a revocation of a session that is not there', () => {
  it('leaves nothing in the store', async () => {
    const { customers, store } = setUp()
    expect(await customers.revoke(NOWHERE)).toBe(false)
    expect(await store.list(rosterIn(NOWHERE))).toBeUndefined()
  })

  it('leaves nothing in the store that could not confirm it for a while', async () => {
    const { customers, cut, mend, environment, store } = setUp()
    cut()
    await expect(finished(environment, customers.revoke(NOWHERE))).rejects.toMatchObject(uncertain)
    await environment.advance(60_000)
    expect(await store.list(rosterIn(NOWHERE))).toBeUndefined()
    mend()
    await environment.advance(60_000)
    expect(await store.list(rosterIn(NOWHERE))).toBeUndefined()
    expect(await customers.revoke(NOWHERE)).toBe(false)
  })

  it.each<[string, (manager: TestManager, of: SignedIn) => Promise<unknown>]>([
    ['revoke', (manager, { session }) => manager.revoke(session.id)],
    ['signOutHolder', (manager, { token }) => manager.signOutHolder({ token, transport: 'bearer' })],
  ])('leaves nothing either when the write that confirms it fails and was made: %s', async (_, end) => {
    const { customers, environment, store } = setUp()
    const gone = await signedIn(customers)
    await customers.signOut(gone.session)
    store.faults.failAfter({ on: 'commit' })
    await expect(finished(environment, end(customers, gone))).rejects.toMatchObject(uncertain)
    await environment.advance(60_000)
    expect(await store.list(rosterIn(gone.session.id))).toBeUndefined()
  })

  it('is confirmed all the same: it may have ended in a copy that is about to be replaced', async () => {
    const { customers, cut, environment, failOver, mend } = setUp()
    const { session, token } = await signedIn(customers)
    cut()
    await expect(customers.signOut(session)).rejects.toMatchObject(uncertain)
    const another = customers.revoke(session.id)
    await expect(another).rejects.toMatchObject(uncertain)
    mend()
    expect(await finished(environment, customers.revoke(session.id))).toBe(false)
    failOver()
    expect(await verdictOf(customers, token)).toMatch(/^none/)
  })
})

describe('a revocation by another realm', () => {
  it('takes nothing away from the roster, which is there again afterwards', async () => {
    const { customers, staff } = setUp()
    const before = await signedIn(staff, 'boss')
    await staff.signOut(before.session)
    expect(await customers.revoke(before.session.id)).toBe(false)
    const { session, token } = await signedIn(staff, 'boss')
    await staff.signOut(session)
    expect(await verdictOf(staff, token)).toMatch(/^none/)
  })

  it('nor while it is being confirmed', async () => {
    const { customers, staff, store } = setUp()
    const before = await signedIn(staff, 'boss')
    await staff.signOut(before.session)
    const away = store.faults.hold({ on: 'commit', skip: 1, times: 1 })
    const revocation = customers.revoke(before.session.id)
    await away.arrived()
    const { session, token } = await signedIn(staff, 'boss')
    away.release()
    expect(await revocation).toBe(false)
    expect(await verdictOf(staff, token), 'it is used by now, and stays').toBe('valid')
    expect(await staff.revokeAll('boss')).toBe(1)
    await staff.signOut(session)
    expect(await verdictOf(staff, token)).toMatch(/^none/)
  })
})
