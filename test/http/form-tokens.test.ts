/** Tokens in forms: what an application that checks them gets, over every adapter. */
import { describe, expect, test } from 'vitest'
import { ADAPTERS, type Handler } from './harness/adapters.ts'
import type { Browser } from './harness/browser.ts'
import { header } from './harness/wire.ts'
import { startWorld, type World, type WorldOptions } from './harness/world.ts'

const FIELD = /^<input type="hidden" name="_csrf" value="(sjc_[A-Za-z0-9_-]{48})">$/

const routes: Readonly<Record<string, Handler>> = {
  'GET /form': ({ session }) => ({ body: session.csrfField() }),
  'GET /token': ({ session }) => ({ body: session.csrfToken() }),
  'POST /form': ({ session, url }) => ({
    status: session.isCsrfToken(url.searchParams.get('_csrf')) ? 200 : 403,
  }),
}

async function tokenOf(client: Browser): Promise<string> {
  return FIELD.exec((await client.get('/form')).body)?.[1] ?? ''
}

async function isTaken(client: Browser, token: string): Promise<boolean> {
  return (await client.post(`/form?_csrf=${token}`)).status === 200
}

describe.each(ADAPTERS)('$name', (adapter) => {
  const start = async (options: WorldOptions['options'] = {}): Promise<World> =>
    await startWorld({ adapter, options, routes })

  async function signedIn({ browser }: World, user = 'alice'): Promise<Browser> {
    const client = browser()
    await client.post(`/login?user=${user}`)
    return client
  }

  test('a token comes back and is taken, more than once; each page has another one, and writes nothing', async () => {
    const world = await start()
    const alice = await signedIn(world)
    const { commit } = world.store.faults.calls
    const [first, second] = [await tokenOf(alice), await tokenOf(alice)]
    expect(first).not.toBe(second)
    for (const token of [first, second, first]) expect(await isTaken(alice, token)).toBe(true)
    expect((await alice.get('/token')).body).toMatch(/^sjc_/)
    expect(world.store.faults.calls.commit).toBe(commit)
  })

  test('of another user, another session of the same user, or nobody: refused', async () => {
    const world = await start()
    const alice = await signedIn(world)
    const others = [await signedIn(world, 'bob'), await signedIn(world), world.browser()]
    for (const other of others) {
      expect(await isTaken(alice, await tokenOf(other))).toBe(false)
      expect(await isTaken(other, await tokenOf(alice))).toBe(false)
    }
  })

  test('from before a sign-in, an elevation, a changed credential or a sign-out: refused; a new one is taken', async () => {
    const world = await start()
    const alice = world.browser()
    for (const step of ['/login?user=alice', '/elevate', '/password', '/login?user=alice', '/logout']) {
      const before = await tokenOf(alice)
      expect(await isTaken(alice, before)).toBe(true)
      await alice.post(step)
      expect([step, await isTaken(alice, before)]).toEqual([step, false])
      expect(await isTaken(alice, await tokenOf(alice))).toBe(true)
    }
  })

  test('survives a periodic regeneration, and one that is asked for', async () => {
    const world = await start({ regenerate: { every: '1m' } })
    const alice = await signedIn(world)
    const token = await tokenOf(alice)
    const cookie = alice.token
    await world.environment.advance(2 * 60_000)
    await alice.get('/me')
    expect(alice.token).not.toBe(cookie)
    expect(await isTaken(alice, token)).toBe(true)
    await alice.post('/regenerate')
    expect(await isTaken(alice, token)).toBe(true)
  })

  test('damaged, of another shape, or none at all: refused, never an error', async () => {
    const alice = await signedIn(await start())
    const token = await tokenOf(alice)
    const bent = [
      '',
      'undefined',
      token.slice(0, -1),
      `${token}A`,
      token.toLowerCase(),
      `sjs_${token.slice(4)}`,
      token.slice(0, -1) + (token.endsWith('A') ? 'B' : 'A'),
      token.slice(0, 10) + (token[10] === 'A' ? 'B' : 'A') + token.slice(11),
      alice.token,
    ]
    for (const each of bent)
      expect([each, await isTaken(alice, encodeURIComponent(each))]).toEqual([each, false])
    expect((await alice.post('/form')).status).toBe(403)
  })

  test('a visitor’s is good for visitors, and begins no session', async () => {
    const world = await start()
    const [one, two] = [world.browser(), world.browser()]
    expect(await isTaken(two, await tokenOf(one))).toBe(true)
    expect(one.jar.size).toBe(0)
  })

  test('a page with a session’s token is kept from caches', async () => {
    const alice = await signedIn(await start())
    for (const target of ['/form', '/token'])
      expect(header(await alice.get(target), 'cache-control')).toBe('no-store')
  })

  test('in an outage: 503, and no token for nobody', async () => {
    const world = await startWorld({ adapter, routes, peek: false })
    const alice = await signedIn(world)
    const token = await tokenOf(alice)
    world.store.faults.fail({ times: Number.POSITIVE_INFINITY })
    expect((await alice.get('/form')).status).toBe(503)
    expect((await alice.post(`/form?_csrf=${token}`)).status).toBe(503)
  })
})
