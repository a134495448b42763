/** A visitor whose sign-in went as far as the claim and no further: the claimed session never became anybody’s. */
import { expect, it } from 'vitest'
import { fakeEnvironment } from '../../testing/fake-environment.ts'
import {
  finished,
  managerOn,
  signedIn,
  type TestOptions,
  verdictOf,
  type World,
  world,
} from '../manager.fixture.ts'

const GRACE_MS = 30_000
const previousOf = (token: string): { token: string; transport: string } => ({ token, transport: 'bearer' })

/** In a process that is gone since, with whatever it meant to do later. Answers the visitor's token. */
async function crashed({ manager, store }: World, options: TestOptions = {}): Promise<string> {
  const { token } = await manager.startAnonymous({ data: { cart: 'book' } })
  const stopped = fakeEnvironment({ seed: 7 })
  const gone = managerOn(store, stopped, options)
  await gone.ready()
  store.faults.fail({ on: 'commit', skip: 1, times: Number.POSITIVE_INFINITY })
  const attempt = finished(stopped, gone.signIn('ada', { previous: previousOf(token) }))
  await expect(attempt).rejects.toMatchObject({ retryable: true })
  store.faults.heal()
  return token
}

it.each([false, true])(
  'is being signed in until the grace is over, and nobody afterwards (peek: %s)',
  async (peek) => {
    const here = world({ peek, anonymous: { carry: ['cart'] } })
    const { manager, environment } = here
    const before = environment.now()
    const token = await crashed(here)
    expect(await verdictOf(manager, token)).toBe('none claimed')
    await environment.advance(before + GRACE_MS - 1 - environment.now())
    expect(await verdictOf(manager, token)).toBe('none claimed')
    await environment.advance(1)
    expect(await verdictOf(manager, token)).toBe('none unknown')
    expect(await verdictOf(here.another(), token)).toBe('none unknown')
  },
)

it('is continued by a second try, also when the grace is over', async () => {
  const here = world({ anonymous: { carry: ['cart'] } })
  const token = await crashed(here)
  await here.environment.advance(2 * GRACE_MS)
  const { session } = await signedIn(here.another(), 'ada', { previous: previousOf(token) })
  expect(session.data).toEqual({ cart: 'book' })
  expect(await here.manager.list('ada')).toHaveLength(1)
})

it('a grace of another length is the one that counts', async () => {
  const options: TestOptions = { regenerate: { grace: '5s' } }
  const here = world(options)
  const token = await crashed(here, options)
  await here.environment.advance(4999)
  expect(await verdictOf(here.manager, token)).toBe('none claimed')
  await here.environment.advance(1)
  expect(await verdictOf(here.manager, token)).toBe('none unknown')
})
