/**
 * Writes and live connections that another site's page asks for: refused before the handler, before the store, and
 * without touching the browser's cookie. Over every adapter.
 */
import { describe, expect, test } from 'vitest'
import { ADAPTERS, type Adapter } from './harness/adapters.ts'
import { type Browser, json, type RequestOptions } from './harness/browser.ts'
import { header, headerLines, type WireResponse } from './harness/wire.ts'
import { startWorld, type World, type WorldOptions } from './harness/world.ts'

type Headers = NonNullable<RequestOptions['headers']>

const METHODS = ['POST', 'PUT', 'PATCH', 'DELETE'] as const
const SAFE = ['GET', 'HEAD', 'OPTIONS'] as const

/** What a request carries, and why it is refused; `undefined`: it is not. Its `Host` is `localhost`. */
const CASES: readonly [what: string, headers: Headers, reason: string | undefined][] = [
  ['nothing', [], undefined],
  ['Sec-Fetch-Site: same-origin', [['Sec-Fetch-Site', 'same-origin']], undefined],
  ['Sec-Fetch-Site: none', [['Sec-Fetch-Site', 'none']], undefined],
  ['Sec-Fetch-Site: cross-site', [['Sec-Fetch-Site', 'cross-site']], 'cross-site'],
  ['Sec-Fetch-Site: same-site', [['Sec-Fetch-Site', 'same-site']], 'same-site'],
  ['Sec-Fetch-Site of another spelling', [['Sec-Fetch-Site', 'Same-Origin']], 'unknown-site'],
  ['Sec-Fetch-Site of nothing', [['Sec-Fetch-Site', '']], 'unknown-site'],
  ['Sec-Fetch-Site twice the same', twice('Sec-Fetch-Site', 'same-origin', 'same-origin'), 'unknown-site'],
  ['Sec-Fetch-Site twice', twice('Sec-Fetch-Site', 'same-origin', 'cross-site'), 'unknown-site'],
  ['its own Origin', [['Origin', 'http://localhost']], undefined],
  ['its own Origin by HTTPS, which a proxy may have ended', [['Origin', 'https://localhost']], undefined],
  ['Origin: null', [['Origin', 'null']], 'opaque-origin'],
  ['an Origin elsewhere', [['Origin', 'https://evil.example']], 'foreign-origin'],
  ['an Origin at another port', [['Origin', 'http://localhost:81']], 'foreign-origin'],
  ['an Origin that begins like its own', [['Origin', 'http://localhost.evil.example']], 'foreign-origin'],
  ['an Origin with a path', [['Origin', 'http://localhost/']], 'foreign-origin'],
  ['its own Origin with a user', [['Origin', 'http://evil@localhost']], 'foreign-origin'],
  ['its own Origin twice', twice('Origin', 'http://localhost', 'http://localhost'), 'foreign-origin'],
  [
    'its own Origin and another',
    twice('Origin', 'http://localhost', 'https://evil.example'),
    'foreign-origin',
  ],
  [
    'same-site and its own Origin',
    [
      ['Sec-Fetch-Site', 'same-site'],
      ['Origin', 'http://localhost'],
    ],
    'same-site',
  ],
  [
    'cross-site and its own Origin',
    [
      ['Sec-Fetch-Site', 'cross-site'],
      ['Origin', 'http://localhost'],
    ],
    'cross-site',
  ],
  [
    'same-origin and an Origin elsewhere',
    [
      ['Sec-Fetch-Site', 'same-origin'],
      ['Origin', 'https://evil.example'],
    ],
    undefined,
  ],
]

function twice(name: string, first: string, second: string): Headers {
  return [
    [name, first],
    [name, second],
  ]
}

interface CrossWorld extends World {
  readonly alice: Browser
  /** Methods of the requests that reached the handler. */
  readonly reached: readonly string[]
}

async function start(adapter: Adapter, options: WorldOptions['options'] = {}): Promise<CrossWorld> {
  const reached: string[] = []
  const routes = Object.fromEntries(
    [...METHODS, ...SAFE].map((method) => [
      `${method} /write`,
      () => {
        reached.push(method)
        return { body: method }
      },
    ]),
  )
  const world = await startWorld({ adapter, options, routes })
  const alice = world.browser()
  if (options.transport !== 'bearer') await alice.post('/login?user=alice')
  return { ...world, alice, reached }
}

function isHandled(answer: WireResponse, method: string): void {
  expect(answer).toMatchObject({ status: 200, body: method })
}

function isRefused(answer: WireResponse): void {
  expect(answer.status).toBe(403)
  expect(header(answer, 'content-type')).toMatch(/^application\/problem\+json/)
  expect(json(answer)).toMatchObject({ status: 403, code: 'cross_site_request' })
  expect(header(answer, 'cache-control')).toBe('no-store')
  expect(header(answer, 'vary')?.split(/, */)).toEqual(expect.arrayContaining(['Sec-Fetch-Site', 'Origin']))
  expect(headerLines(answer, 'set-cookie')).toEqual([])
}

function told({ events }: World): readonly unknown[] {
  return events.filter(({ name }) => name === 'csrf.rejected').map(({ event }) => event)
}

describe.each(ADAPTERS)('$name', (adapter) => {
  test.each(CASES)('a write with %s', async (_, headers, reason) => {
    const world = await start(adapter)
    const calls = world.storeCalls()
    for (const method of METHODS) {
      const answer = await world.alice.request(method, '/write?secret=1', { headers })
      if (reason === undefined) isHandled(answer, method)
      else isRefused(answer)
    }
    expect(world.reached).toEqual(reason === undefined ? METHODS : [])
    const origin = headers.filter(([name]) => name === 'Origin').map(([, value]) => value)
    const event = { reason, refused: true, origin: origin.join(', ') || undefined, path: '/write' }
    expect(told(world)).toEqual(reason === undefined ? [] : METHODS.map(() => event))
    expect(world.storeCalls()).toBe(calls)
    expect(json(await world.alice.get('/me')), 'nobody is signed out').toMatchObject({ subject: 'alice' })
  })

  test.each(CASES)('a read with %s goes on, and is not told', async (_, headers) => {
    const world = await start(adapter)
    for (const method of SAFE) {
      const answer = await world.alice.request(method, '/write', { headers })
      expect(answer.status).toBe(200)
    }
    expect(world.reached).toEqual(SAFE)
    expect(told(world)).toEqual([])
  })

  test.each([
    ['an event stream', [['Accept', 'text/event-stream']]],
    ['an event stream among others', [['Accept', 'text/html, text/event-stream;q=0.9']]],
    [
      'a websocket',
      [
        ['Connection', 'Upgrade'],
        ['Upgrade', 'websocket'],
      ],
    ],
    [
      'a websocket, spelled otherwise',
      [
        ['Connection', 'upgrade'],
        ['Upgrade', 'WebSocket'],
      ],
    ],
  ] as const)('a GET for %s is held to the same rules', async (_, live) => {
    const world = await start(adapter)
    for (const [, headers, reason] of CASES) {
      const answer = await world.alice.get('/write', { headers: [...live, ...headers] })
      if (reason === undefined) isHandled(answer, 'GET')
      else isRefused(answer)
    }
    expect(world.reached).toHaveLength(CASES.filter(([, , reason]) => reason === undefined).length)
  })

  test('the login form is protected: nobody is signed in to somebody else’s account', async () => {
    const world = await start(adapter)
    const victim = world.browser()
    const calls = world.storeCalls()
    isRefused(await victim.post('/login?user=mallory', { headers: [['Sec-Fetch-Site', 'cross-site']] }))
    isRefused(await victim.post('/login?user=mallory', { headers: [['Origin', 'https://evil.example']] }))
    expect(victim.jar.size).toBe(0)
    expect(world.storeCalls()).toBe(calls)
  })

  test('a sign-out that another site asks for is none', async () => {
    const world = await start(adapter)
    isRefused(await world.alice.post('/logout', { headers: [['Sec-Fetch-Site', 'same-site']] }))
    expect(json(await world.alice.get('/me'))).toMatchObject({ subject: 'alice' })
  })

  test('with mode `log` the handler runs with the session, and it is told what would have been', async () => {
    const world = await start(adapter, { csrf: { mode: 'log' } })
    const answer = await world.alice.post('/set?note=x', { headers: [['Origin', 'null']] })
    expect(answer.status).toBe(200)
    expect(json(await world.alice.get('/me')).data).toEqual({ note: 'x' })
    expect(told(world)).toEqual([{ reason: 'opaque-origin', refused: false, origin: 'null', path: '/set' }])
  })

  test('`csrf: false` looks at nothing', async () => {
    const world = await start(adapter, { csrf: false })
    const answer = await world.alice.post('/set?note=x', { headers: [['Sec-Fetch-Site', 'cross-site']] })
    expect(answer.status).toBe(200)
    expect(told(world)).toEqual([])
  })

  test('a trusted origin’s page may write, and nobody who only looks like it', async () => {
    const trusted = 'https://app.shop.example'
    const world = await start(adapter, { csrf: { trustedOrigins: [trusted] } })
    const write = async (...headers: Headers): Promise<number> =>
      (await world.alice.post('/write', { headers })).status
    expect(await write(['Sec-Fetch-Site', 'cross-site'], ['Origin', trusted])).toBe(200)
    expect(await write(['Sec-Fetch-Site', 'same-site'], ['Origin', trusted])).toBe(200)
    expect(await write(['Origin', trusted])).toBe(200)
    for (const origin of [
      `${trusted}:8443`,
      `${trusted}.evil.example`,
      'http://app.shop.example',
      'null',
      `${trusted}/`,
    ])
      expect(await write(['Sec-Fetch-Site', 'cross-site'], ['Origin', origin])).toBe(403)
    expect(await write(['Sec-Fetch-Site', 'cross-site'], ...twice('Origin', trusted, trusted))).toBe(403)
    expect(await write(['Sec-Fetch-Site', 'cross-site'])).toBe(403)
  })

  test('an exempt path stands for itself and what is below, as it came', async () => {
    const world = await start(adapter, { csrf: { unsafeExemptPaths: ['/webhooks'] } })
    const status = async (target: string): Promise<number> =>
      (await world.alice.post(target, { headers: [['Sec-Fetch-Site', 'cross-site']] })).status
    for (const target of ['/webhooks', '/webhooks/', '/webhooks/mail?x=/../', '/webhooks/a/b'])
      expect([target, await status(target)]).toEqual([target, 404])
    for (const target of [
      '/webhooksx',
      '/Webhooks',
      '/webhooks/../write',
      '/webhooks/%2e%2e/write',
      '/webhooks//write',
      '//webhooks/write',
      '/webhooks%2Fmail',
      '/webhooks/..;/write',
      '/write?/webhooks',
      'http://localhost/write/webhooks',
    ])
      expect([target, await status(target)]).toEqual([target, 403])
    expect(world.reached).toEqual([])
  })

  test('with `requireHeaders` a write that says nothing is refused, and a read is not', async () => {
    const world = await startWorld({ adapter, options: { csrf: { requireHeaders: true } } })
    isRefused(await world.browser().post('/login?user=alice'))
    expect(told(world)).toMatchObject([{ reason: 'no-headers', refused: true }])
    expect((await world.browser().get('/')).body).toBe('welcome')
    const own = { headers: [['Origin', 'http://localhost']] as const }
    expect((await world.browser().post('/login?user=alice', own)).status).toBe(200)
  })

  describe('bearer tokens', () => {
    const crossing: Headers = [
      ['Sec-Fetch-Site', 'cross-site'],
      ['Origin', 'https://evil.example'],
    ]

    test.each(['bearer', 'both'] as const)(
      'with `transport: %s`, a request that brings one is not checked',
      async (transport) => {
        const world = await start(adapter, { transport })
        const { token } = json(await world.browser().post('/login?user=bob&deliver=bearer'))
        const headers: Headers = [...crossing, ['Authorization', `Bearer ${String(token)}`]]
        expect((await world.browser().post('/set?note=x', { headers })).status).toBe(200)
        expect(json(await world.browser().get('/me', { headers }))).toMatchObject({
          subject: 'bob',
          data: { note: 'x' },
        })
        expect(told(world)).toEqual([])
      },
    )

    test('with both, a cookie alone is checked, and a malformed header brings it no session', async () => {
      const world = await start(adapter, { transport: 'both' })
      isRefused(await world.alice.post('/write', { headers: crossing }))
      isRefused(await world.alice.post('/write', { headers: [...crossing, ['Authorization', 'Basic YTpi']] }))
      const answer = await world.alice.post('/set?note=x', {
        headers: [...crossing, ['Authorization', 'Bearer x']],
      })
      expect(answer.status, 'a bearer client without session gets none').toBe(401)
      expect(json(await world.alice.get('/me')).data).toEqual({})
    })

    test('with bearer alone nothing is checked: no browser adds a token on its own', async () => {
      const world = await start(adapter, { transport: 'bearer' })
      expect((await world.browser().post('/write', { headers: crossing })).status).toBe(200)
      expect(told(world)).toEqual([])
    })
  })
})
