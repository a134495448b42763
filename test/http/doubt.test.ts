/** What a store that does not confirm leaves behind, for whoever is using the application: over every adapter. */
import { describe, expect, test } from 'vitest'
import { ADAPTERS } from './harness/adapters.ts'
import { type Browser, json } from './harness/browser.ts'
import { setCookies } from './harness/set-cookie.ts'
import { headerLines, type WireResponse } from './harness/wire.ts'
import { newSessions, startWorld, type World, type WorldOptions } from './harness/world.ts'

const FOREVER = { times: Number.POSITIVE_INFINITY }

describe.each(ADAPTERS)('$name', (adapter) => {
  const start = async (options: Omit<WorldOptions, 'adapter'> = {}): Promise<World> =>
    await startWorld({ adapter, options: { anonymous: { carry: ['cart'] } }, ...options })

  async function signedIn({ browser }: World, user = 'alice'): Promise<Browser> {
    const client = browser()
    await client.post(`/login?user=${user}`)
    return client
  }

  describe.each([true, false])('with reads past the faults: %s', (peek) => {
    test.each(['/devices/all', '/devices/others', '/password'])(
      'POST %s that is not confirmed: 503, refused here at once, and driven on until it is done',
      async (target) => {
        const world = await start({ peek })
        const [alice, thief] = [await signedIn(world), await signedIn(world)]
        const bob = await signedIn(world, 'bob')
        world.store.faults.fail({ on: 'commit', ...FOREVER })
        const answer = await inTime(world, alice.post(target))
        expect(answer.status).toBe(503)
        expect(headerLines(answer, 'retry-after')).toHaveLength(1)
        expect(setCookies(answer), 'nobody is signed out by an outage').toEqual([])
        expect(json(await thief.get('/me'))).toMatchObject({ subject: null })
        expect(json(await bob.get('/me'))).toMatchObject({ subject: 'bob' })
        const elsewhere = newSessions(world.store, world.environment)
        expect((await elsewhere.list('alice')).length, 'the store has them').toBe(2)
        world.store.faults.heal()
        await world.environment.advance(60_000)
        expect(world.events.map(({ name }) => name)).toContain('revoke.completed')
        expect(await elsewhere.list('alice')).toHaveLength(target === '/devices/all' ? 0 : 1)
        expect(json(await thief.get('/me'))).toMatchObject({ subject: null })
        expect((await signedInAgain(world)).status).toBe(200)
        await elsewhere.close()
      },
    )
  })

  async function signedInAgain({ browser }: World): Promise<WireResponse> {
    return await browser().post('/login?user=alice')
  }

  test('a sign-in that crashed after it had taken the visitor’s session: busy until the grace is over, then a visitor like any other', async () => {
    const world = await start()
    const visitor = world.browser()
    await visitor.post('/set?note=mine')
    // The process that signs in is another one, which is gone after that.
    const gone = newSessions(world.store, world.environment)
    await gone.ready()
    world.store.faults.fail({ on: 'commit', skip: 1, ...FOREVER })
    const previous = { token: visitor.token, transport: '__Host-Http-sid' }
    await expect(inTime(world, gone.signIn('alice', { previous }))).rejects.toMatchObject({ retryable: true })
    // Its chores never come to anything.
    const token = visitor.token
    expect(json(await visitor.get('/me'))).toMatchObject({ subject: null, data: {} })
    const busy = await visitor.post('/set?note=meanwhile')
    expect([busy.status, setCookies(busy)], 'its cookie is about to be another one').toEqual([401, []])
    await world.environment.advance(31_000)
    world.store.faults.heal()
    const fresh = await visitor.post('/set?note=afterwards')
    expect(fresh.status).toBe(200)
    expect(visitor.token).not.toBe(token)
    expect(json(await visitor.get('/me')).data).toEqual({ note: 'afterwards' })
  })
})

/** Lets the pauses between retries pass until the work is done. */
async function inTime<T>({ environment }: World, work: Promise<T>): Promise<T> {
  const progress = { isDone: false }
  const settled = (): void => void (progress.isDone = true)
  work.then(settled, settled)
  while (!progress.isDone) {
    await new Promise((resolve) => setImmediate(resolve))
    await environment.advance(25)
  }
  return await work
}
