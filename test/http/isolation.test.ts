/**
 * Several managers on one server: cookies, realms, transports and deployments that never mix, former names that are
 * still understood, and bearer tokens beside cookies. A token is good in its own place only (V-38, V-74, V-75).
 */
import { withSessions } from 'sojourn/node'
import { createSessions } from 'sojourn'
import { memoryStore } from 'sojourn/stores/memory'
import { describe, expect, test } from 'vitest'
import type { AppSessions } from './harness/adapters.ts'
import { application, meOf } from './harness/application.ts'
import { createBrowser, json } from './harness/browser.ts'
import { setCookies } from './harness/set-cookie.ts'
import { header, headerLines } from './harness/wire.ts'
import { MATRIX, newSessions, startWorld, type World, type WorldOptions } from './harness/world.ts'

const NAME = '__Host-Http-sid'

describe.each(MATRIX)('$name', ({ adapter, store }) => {
  const start = (more: WorldOptions = {}): Promise<World> => startWorld({ adapter, store, ...more })

  /** Two applications of one server, told apart by the first part of the path. */
  async function two(
    left: WorldOptions['options'],
    right: WorldOptions['options'],
    sameStore = true,
  ): Promise<World> {
    return await start({
      options: left ?? {},
      async listener(sessions, onError, { store: shared, environment }) {
        const other = newSessions(sameStore ? shared : memoryStore({ environment }), environment, right)
        const listeners = await Promise.all(
          [sessions, other].map(async (each) => await adapter.listener(each, stripped, { onError })),
        )
        return (request, response) =>
          listeners[request.url?.startsWith('/right') === true ? 1 : 0]?.(request, response)
      },
    })
  }

  const stripped: ReturnType<typeof application> = (visit) => {
    const url = new URL(visit.url)
    url.pathname = url.pathname.replace(/^\/(left|right)/, '')
    return application()({ ...visit, url })
  }

  test.each([
    [
      'cookie names',
      { cookie: { name: '__Host-Http-left' } },
      { cookie: { name: '__Host-Http-right' } },
      true,
    ],
    [
      'cookie names and realms',
      { realm: 'staff', cookie: { name: '__Host-Http-staff' } },
      { realm: 'users', cookie: { name: '__Host-Http-users' } },
      true,
    ],
    [
      'deployments',
      { deployment: 'left', cookie: { name: '__Host-Http-left' } },
      { deployment: 'right', cookie: { name: '__Host-Http-right' } },
      false,
    ],
  ] as const)('two managers with different %s never mix', async (_, left, right, sameStore) => {
    const world = await two(left, right, sameStore)
    const client = world.browser()
    await client.post('/left/login?user=alice')
    expect(json(await client.get('/right/me'))).toMatchObject({ subject: null })
    await client.post('/right/login?user=bob')
    expect(client.jar.size).toBe(2)
    expect(json(await client.get('/left/me'))).toMatchObject({ subject: 'alice' })
    expect(json(await client.get('/right/me'))).toMatchObject({ subject: 'bob' })

    const [[leftName, leftToken], [rightName, rightToken]] = [...client.jar] as [
      [string, string],
      [string, string],
    ]
    const swapped = world.browser(
      new Map([
        [leftName, rightToken],
        [rightName, leftToken],
      ]),
    )
    for (const side of ['left', 'right'])
      expect(json(await swapped.get(`/${side}/me`))).toMatchObject({ subject: null })

    await client.post('/left/logout')
    expect([...client.jar.keys()]).toEqual([rightName])
    expect(json(await client.get('/right/me'))).toMatchObject({ subject: 'bob' })
  })

  test('the same user in two realms is two subjects: ending all of one leaves the other', async () => {
    const world = await two(
      { realm: 'staff', cookie: { name: '__Host-Http-staff' } },
      { realm: 'users', cookie: { name: '__Host-Http-users' } },
    )
    const client = world.browser()
    await client.post('/left/login?user=alice')
    await client.post('/right/login?user=alice')
    const { id } = json(await client.get('/right/me'))
    expect(await world.sessions.revoke(String(id)), 'a realm cannot end another’s session').toBe(false)
    await world.sessions.revokeAll('alice')
    expect(json(await client.get('/left/me'))).toMatchObject({ subject: null })
    expect(json(await client.get('/right/me'))).toMatchObject({ subject: 'alice' })
  })

  describe('a former cookie name', () => {
    const options = { cookie: { acceptNames: ['__Host-old', '__Host-older'] } }

    test.each(['__Host-old', '__Host-older'])(
      '%s is read, replaced by the present one, and cleared',
      async (former) => {
        const world = await start({ options })
        const made = await world.sessions.signIn('alice', { transport: former })
        const client = world.browser(new Map([[former, made.kind === 'signed-in' ? made.token : '']]))
        const answer = await client.get('/me')
        expect(json(answer)).toMatchObject({ subject: 'alice' })
        expect(setCookies(answer).map(({ name, value }) => [name, value === ''])).toEqual([
          [NAME, false],
          [former, true],
        ])
        expect([...client.jar.keys()]).toEqual([NAME])
        expect(json(await client.get('/me'))).toMatchObject({ subject: 'alice' })
        const moved = world.browser(new Map([[former, client.token]]))
        expect(json(await moved.get('/me')), 'a token is bound to its name').toMatchObject({ subject: null })
      },
    )

    test('is cleared by a sign-in and by a sign-out, too', async () => {
      const world = await start({ options })
      for (const target of ['/login?user=alice', '/elevate', '/logout']) {
        const made = await world.sessions.signIn('alice', { transport: '__Host-old' })
        const client = world.browser(new Map([['__Host-old', made.kind === 'signed-in' ? made.token : '']]))
        await client.post(target)
        expect(client.jar.has('__Host-old')).toBe(false)
        const subject = target === '/logout' ? null : 'alice'
        expect(json(await client.get('/me'))).toMatchObject({ subject })
      }
    })

    test('both names in one browser: a sign-out removes both', async () => {
      const world = await start({ options })
      const made = await world.sessions.signIn('alice', { transport: '__Host-old' })
      const client = world.browser()
      await client.post('/login?user=alice')
      client.jar.set('__Host-old', made.kind === 'signed-in' ? made.token : '')
      await client.post('/logout')
      expect(client.jar.size).toBe(0)
    })

    test('of one host is cleared as such, also where the present cookie is shared with the hosts below', async () => {
      const cookie = { domain: 'localhost.test', acceptNames: ['__Host-Http-sid', '__Secure-old'] }
      const world = await start({ options: { cookie }, policy: { domain: 'localhost.test' } })
      for (const former of cookie.acceptNames) {
        const made = await world.sessions.signIn('alice', { transport: former })
        const client = world.browser(new Map([[former, made.kind === 'signed-in' ? made.token : '']]))
        const cookies = setCookies(await client.get('/me'))
        const domains = cookies.map(({ name, attributes }) => [name, attributes.get('domain')])
        expect(domains).toEqual([
          ['__Http-sid', 'localhost.test'],
          [former, former.startsWith('__Host-') ? undefined : 'localhost.test'],
        ])
        expect([...client.jar.keys()]).toEqual(['__Http-sid'])
      }
    })

    test('that is not listed is nobody’s', async () => {
      const world = await start()
      const made = await world.sessions.signIn('alice', { transport: '__Host-old' })
      const client = world.browser(new Map([['__Host-old', made.kind === 'signed-in' ? made.token : '']]))
      expect(json(await client.get('/me'))).toMatchObject({ subject: null })
    })
  })

  describe('bearer tokens', () => {
    const bearer = (token: string) => ({ headers: [['Authorization', `Bearer ${token}`]] as const })

    async function bearerToken(world: World): Promise<string> {
      const answer = await world.browser().post('/login?user=alice&deliver=bearer')
      expect(setCookies(answer)).toEqual([])
      return String(json(answer)['token'])
    }

    test.each(['bearer', 'both'] as const)(
      'with `transport: %s` a token in the header is a session without cookies',
      async (transport) => {
        const world = await start({ options: { transport } })
        const token = await bearerToken(world)
        const client = world.browser()
        expect(json(await client.get('/me', bearer(token)))).toMatchObject({ subject: 'alice' })
        await client.post('/set?note=x', bearer(token))
        expect(json(await client.get('/me', bearer(token)))).toMatchObject({ data: { note: 'x' } })
        expect((await client.post('/logout', bearer(token))).status).toBe(204)
        expect(json(await client.get('/me', bearer(token)))).toMatchObject({ subject: null })
        expect(client.jar.size).toBe(0)
      },
    )

    test('the scheme’s case does not matter; every other spelling is no session', async () => {
      const world = await start({ options: { transport: 'both' } })
      const token = await bearerToken(world)
      for (const scheme of ['bearer', 'BEARER', 'bEaReR'])
        expect(
          json(await world.browser().get('/me', { headers: [['Authorization', `${scheme} ${token}`]] })),
        ).toMatchObject({ subject: 'alice' })
      for (const value of [
        'Bearer',
        `Bearer  ${token}`,
        `Bearer\t${token}`,
        `Bearer ${token},`,
        `Bearer ${token} x`,
        `Bearer "${token}"`,
        `Basic ${token}`,
        `Token ${token}`,
        token,
        `Bearer ${token}=`,
        `Bearer %E0%A4%A`,
      ])
        expect([
          value,
          json(await world.browser().get('/me', { headers: [['Authorization', value]] })).subject,
        ]).toEqual([value, null])
    })

    test('an answer that hands out a token in its body is kept from caches', async () => {
      const world = await start({ options: { transport: 'both' } })
      const client = world.browser()
      const answer = await client.post('/login?user=alice&deliver=bearer')
      expect(json(answer)['token']).toMatch(/^sjs_/)
      expect(headerLines(answer, 'cache-control')).toEqual(['no-store'])
      expect(client.jar.size).toBe(0)
    })

    test('two Authorization headers are none', async () => {
      const world = await start({ options: { transport: 'both' } })
      const token = await bearerToken(world)
      const twice = {
        headers: [
          ['Authorization', `Bearer ${token}`],
          ['Authorization', `Bearer ${token}`],
        ] as const,
      }
      expect(json(await world.browser().get('/me', twice))).toMatchObject({ subject: null })
    })

    test('a cookie’s token is none in the header, and the other way round (V-75)', async () => {
      const world = await start({ options: { transport: 'both' } })
      const token = await bearerToken(world)
      const client = world.browser()
      await client.post('/login?user=bob')
      expect(json(await world.browser().get('/me', bearer(client.token)))).toMatchObject({ subject: null })
      expect(json(await world.browser(new Map([[NAME, token]])).get('/me'))).toMatchObject({ subject: null })
    })

    test('the header goes before the cookie, even when it is bad: no fallback', async () => {
      const world = await start({ options: { transport: 'both' } })
      const token = await bearerToken(world)
      const bob = world.browser()
      await bob.post('/login?user=bob')
      expect(json(await bob.get('/me', bearer(token)))).toMatchObject({ subject: 'alice' })
      for (const bad of [token.slice(0, -1) + (token.endsWith('_') ? '-' : '_'), 'x', ''])
        expect(json(await bob.get('/me', bearer(bad)))).toMatchObject({ subject: null })
      expect(json(await bob.get('/me'))).toMatchObject({ subject: 'bob' })
    })

    test('with cookies alone the header means nothing, with bearer alone the cookie', async () => {
      const cookies = await start()
      const made = await cookies.sessions.signIn('alice', { transport: 'bearer' })
      const token = made.kind === 'signed-in' ? made.token : ''
      expect(json(await cookies.browser().get('/me', bearer(token)))).toMatchObject({ subject: null })
      const headers = await start({ options: { transport: 'bearer' } })
      const other = await headers.sessions.signIn('alice', { transport: NAME })
      const client = headers.browser(new Map([[NAME, other.kind === 'signed-in' ? other.token : '']]))
      expect(json(await client.get('/me'))).toMatchObject({ subject: null })
    })

    test('a bearer client without session is never handed one unasked', async () => {
      const world = await start({ options: { transport: 'bearer' } })
      const answer = await world.browser().post('/set?note=x')
      expect(answer.status).toBe(401)
      expect(json(answer)).toMatchObject({ code: 'invalid_session' })
      expect(world.storeCalls()).toBe(0)
    })

    test('a bearer request from elsewhere than loopback needs no HTTPS of ours to be read', async () => {
      const world = await start({ options: { transport: 'both' } })
      const token = await bearerToken(world)
      const answer = await world.browser().get('/me', { ...bearer(token), host: 'shop.example' })
      expect(json(answer)).toMatchObject({ subject: 'alice' })
      expect(header(answer, 'cache-control')).toBe('no-store')
    })
  })

  describe('what the cookie looks like', () => {
    test.each([
      ['the profile aal3', { lifetime: { profile: 'aal3' } }, { sameSite: 'Strict' }],
      [
        'a domain',
        { cookie: { domain: 'localhost.test', name: '__Secure-sid' } },
        { domain: 'localhost.test' },
      ],
      ['a domain and no name', { cookie: { domain: 'localhost.test' } }, { domain: 'localhost.test' }],
      [
        'other sites’ frames',
        { cookie: { sameSite: 'none', partitioned: true } },
        { sameSite: 'None', partitioned: true },
      ],
      ['the plain prefix', { cookie: { name: '__Host-sid', sameSite: 'strict' } }, { sameSite: 'Strict' }],
      ['development', { cookie: { unsafeDevelopmentName: 'dev' } }, { development: true, names: ['dev'] }],
    ] as const)('for %s: set, set anew and cleared with the same attributes', async (_, options, policy) => {
      const world = await start({ options, policy })
      const client = world.browser()
      const remembered = 'lifetime' in options ? [] : ['/login?user=alice&remember']
      for (const target of ['/login?user=alice', '/elevate', ...remembered, '/logout'])
        expect(setCookies(await client.post(target))).toHaveLength(1)
      expect(client.jar.size).toBe(0)
    })

    test('a name for development never leaves this machine, not even over HTTPS', async () => {
      const world = await start({ tls: true, options: { cookie: { unsafeDevelopmentName: 'dev' } } })
      const client = world.browser()
      for (const target of ['/login?user=alice', '/set?note=x', '/update?note=x']) {
        const answer = await client.post(target, { host: 'shop.example' })
        expect(answer.status).toBe(403)
        expect(json(answer)).toMatchObject({ code: 'insecure_request' })
        expect(setCookies(answer)).toEqual([])
      }
      expect(world.storeCalls()).toBe(0)
    })

    test('Max-Age never goes above 400 days', async () => {
      const world = await start({ options: { remember: { idle: '400d', absolute: '400d' } } })
      const [cookie] = setCookies(await world.browser().post('/login?user=alice&remember'))
      expect(cookie?.attributes.get('max-age')).toBe('34560000')
    })
  })
})

test('a manager inside another: both leave their cookies, and nothing is lost', async () => {
  const outer = createSessions({
    deployment: 'x',
    secrets: 'q8Zr2VnK7-wLxT4jYbC9sGmFdPhE3uA6oRiMl1NcXv5B',
    store: memoryStore(),
    cookie: { name: '__Host-Http-outer' },
  })
  const world = await startWorld({
    listener: (inner: AppSessions, onError) =>
      withSessions(
        outer,
        (request, response, first) =>
          withSessions(
            inner,
            async (_, __, second) => {
              await first.signIn('outer')
              await second.signIn('inner')
              response.end(JSON.stringify(meOf(second)))
            },
            { onError },
          )(request, response),
        { onError },
      ),
  })
  const answer = await createBrowser({ port: world.port }).post('/')
  expect(
    setCookies(answer)
      .map(({ name }) => name)
      .toSorted(),
  ).toEqual(['__Host-Http-outer', NAME])
})
