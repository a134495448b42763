/** Revocations that are asked for again before they are confirmed: one drive, which ends all that was asked for. */
import { describe, expect, it } from 'vitest'
import { RevokeUncertain } from '../errors.ts'
import {
  finished,
  signedIn,
  type TestManager,
  type TestSession,
  verdictOf,
  type World,
  world,
} from '../manager.fixture.ts'

const FOREVER = { times: Number.POSITIVE_INFINITY }

/** What is driven on, and what is refused here. */
function driven(manager: TestManager): readonly (number | undefined)[] {
  const measures = manager.measures()
  return ['sojourn.revocations.pending', 'sojourn.refusals.local'].map((wanted) => {
    const found = measures.find(({ name }) => name === wanted)
    return found !== undefined && 'value' in found ? found.value : undefined
  })
}

async function uncertain({ environment }: World, revocation: Promise<unknown>): Promise<RevokeUncertain> {
  const error: unknown = await finished(environment, revocation).catch((thrown: unknown) => thrown)
  if (error instanceof RevokeUncertain) return error
  throw new Error(`It was to be uncertain, and is ${String(error)}.`)
}

type Revocation = (manager: TestManager, session: TestSession) => Promise<unknown>

describe.each<[string, Revocation]>([
  ['signOut', (manager, session) => manager.signOut(session)],
  ['revokeAll', (manager) => manager.revokeAll('ada')],
  ['revokeOthers', (manager, session) => manager.revokeOthers(session)],
  ['credentialChanged', (manager, keep) => manager.credentialChanged('ada', { keep })],
  ['eraseSubject', (manager) => manager.eraseSubject('ada')],
  ['revokeEverything', (manager) => manager.revokeEverything()],
])('%s', (_, revoke) => {
  it.each<[string, (here: World) => void]>([
    ['nothing can be read', ({ store }) => store.faults.fail(FOREVER)],
    [
      'nothing can be written',
      ({ store }) => {
        store.faults.fail({ on: 'commit', ...FOREVER })
        store.faults.fail({ on: 'documents.put', ...FOREVER })
      },
    ],
  ])('is driven and refused once, however often it is asked for while %s', async (__, fail) => {
    const here = world()
    const { manager, environment, store } = here
    const { session } = await signedIn(manager)
    await signedIn(manager)
    fail(here)
    for (let times = 0; times < 20; times++) {
      await uncertain(here, revoke(manager, session))
      expect(driven(manager)).toEqual([1, 1])
      await environment.advance(times)
    }
    store.faults.heal()
    await environment.advance(120_000)
    expect(driven(manager)).toEqual([0, 0])
  })
})

it.each<[string, Revocation]>([
  ['revokeAll', (manager) => manager.revokeAll('ada')],
  ['revokeOthers', (manager, session) => manager.revokeOthers(session)],
])('%s is driven once also while each one that is asked for is applied', async (_, revoke) => {
  const here = world()
  const { session } = await signedIn(here.manager)
  here.store.faults.uncertain(FOREVER)
  for (let times = 0; times < 20; times++) await uncertain(here, revoke(here.manager, session))
  expect(driven(here.manager)).toEqual([1, 1])
  here.store.faults.heal()
  await here.environment.advance(120_000)
  expect(driven(here.manager)).toEqual([0, 0])
})

it('all who asked are told when it is confirmed, and none before', async () => {
  const here = world()
  await signedIn(here.manager)
  here.store.faults.fail({ on: 'commit', ...FOREVER })
  const told: number[] = []
  for (const who of [1, 2, 3]) {
    const { completed } = await uncertain(here, here.manager.revokeAll('ada'))
    void completed.then(() => told.push(who))
  }
  await here.environment.advance(60_000)
  expect(told).toEqual([])
  here.store.faults.heal()
  await here.environment.advance(60_000)
  expect(told).toEqual([1, 2, 3])
})

describe('a session that began between two revocations of all', () => {
  it('is ended by the second, although somebody else reached its epoch and kept it', async () => {
    const here = world()
    const { manager, store, environment } = here
    const elsewhere = here.another()
    await signedIn(manager)
    store.faults.fail({ on: 'commit', times: 3 })
    await uncertain(here, manager.revokeAll('ada'))
    const between = await signedIn(elsewhere)
    store.faults.fail({ on: 'commit', times: 3 })
    const { completed } = await uncertain(here, manager.revokeAll('ada'))
    await elsewhere.revokeOthers(between.session)
    expect(await verdictOf(manager, between.token), 'refused here at once').toBe('none revoked')
    await environment.advance(60_000)
    await completed
    for (const process of [manager, elsewhere])
      expect(await verdictOf(process, between.token)).toMatch(/^none/)
  })

  it('is ended by the second, although the first is looking what to end', async () => {
    const here = world()
    const { manager, store, environment } = here
    const elsewhere = here.another()
    await signedIn(manager)
    store.faults.fail({ on: 'list', times: 1 })
    await uncertain(here, manager.revokeAll('ada'))
    const look = store.faults.hold({ on: 'list', at: 'answer', times: 1 })
    await environment.advance(100)
    await look.arrived()
    const between = await signedIn(elsewhere)
    store.faults.fail({ on: 'list', times: 1 })
    const { completed } = await uncertain(here, manager.revokeAll('ada'))
    await elsewhere.revokeOthers(between.session)
    look.release()
    await environment.advance(60_000)
    await completed
    expect(await verdictOf(elsewhere, between.token)).toMatch(/^none/)
  })

  it('is ended by the second, although the first is being written', async () => {
    const here = world()
    const { manager, store, environment } = here
    const elsewhere = here.another()
    await signedIn(manager)
    store.faults.fail({ on: 'commit', times: 3 })
    await uncertain(here, manager.revokeAll('ada'))
    const write = store.faults.hold({ on: 'commit', at: 'answer', times: 1 })
    await environment.advance(100)
    await write.arrived()
    const between = await signedIn(elsewhere)
    store.faults.fail({ on: 'list', times: 1 })
    const { completed } = await uncertain(here, manager.revokeAll('ada'))
    write.release()
    await environment.advance(60_000)
    await completed
    expect(await verdictOf(elsewhere, between.token)).toMatch(/^none/)
  })
})

it('a sign-in that came after the last one was asked for lives', async () => {
  const here = world()
  const { manager, store, environment } = here
  const elsewhere = here.another()
  await signedIn(manager)
  store.faults.uncertain({ times: 4 })
  for (let times = 0; times < 2; times++) await uncertain(here, manager.revokeAll('ada'))
  const later = await signedIn(elsewhere)
  store.faults.heal()
  await environment.advance(60_000)
  expect(driven(manager)).toEqual([0, 0])
  for (const process of [manager, elsewhere]) expect(await verdictOf(process, later.token)).toBe('valid')
})
