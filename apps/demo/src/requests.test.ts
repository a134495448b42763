/** Requests that no page of the shop sends, and the sessions' store in trouble. */
import { request as rawRequest } from 'node:http'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Demo, startDemo, temporaryDataDir } from './testing/demo.fixture.ts'
import { signUp, visitor } from './testing/visitor.fixture.ts'

const data = temporaryDataDir()
let demo: Demo

beforeAll(async () => {
  demo = await startDemo(data.path)
})

afterAll(async () => {
  await demo.stop('SIGTERM')
  data.dispose()
})

const FORM = { 'content-type': 'application/x-www-form-urlencoded' }

test.each([
  [{ 'sec-fetch-site': 'cross-site' }],
  [{ 'sec-fetch-site': 'same-site' }],
  [{ origin: 'https://elsewhere.example' }],
  [{ origin: 'null' }],
])('a form from another site is refused: %o', async (headers) => {
  const ada = visitor(demo.url)
  await signUp(ada, `${Object.values(headers)[0]?.replace(/\W/g, '')}@example.com`)
  const { status, body, cookies } = await ada.post('/sign-out', {}, { headers })
  expect({ status, cookies }).toEqual({ status: 403, cookies: [] })
  expect(body).toContain('<h1>Not from another site</h1>')
  expect((await ada.get('/account')).status).toBe(200)
})

test.each([[{ 'sec-fetch-site': 'same-origin' }], [{ origin: 'own' }]])(
  'a form of the shop itself is taken: %o',
  async (given) => {
    const headers = 'origin' in given ? { origin: demo.url } : given
    const { status } = await visitor(demo.url).post('/basket/add', { product: 'tea' }, { headers })
    expect(status).toBe(303)
  },
)

test.each([
  ['GET', '/sign-out', 'POST'],
  ['GET', '/basket/add', 'POST'],
  ['GET', '/devices/sign-out-everywhere', 'POST'],
  ['DELETE', '/account', 'GET, HEAD'],
  ['PUT', '/sign-in', 'GET, HEAD, POST'],
])('%s %s is not allowed and the answer says what is', async (method, path, allow) => {
  const { status, headers } = await visitor(demo.url).get(path, { method })
  expect({ status, allow: headers.get('allow') }).toEqual({ status: 405, allow })
})

test('HEAD answers like GET, without the body', async () => {
  const head = await visitor(demo.url).get('/', { method: 'HEAD' })
  const get = await visitor(demo.url).get('/')
  expect(head.body).toBe('')
  expect(head.headers.get('content-length')).toBe(get.headers.get('content-length'))
})

test('a path that leads nowhere gets a page with 404', async () => {
  for (const path of ['/nowhere', '/BASKET', '/assets/styles.css', '/%2e%2e/etc/passwd', '//example.com']) {
    const { status, body } = await visitor(demo.url).get(path)
    expect({ path, status }).toEqual({ path, status: 404 })
    expect(body).toContain('Nothing here')
  }
})

test('16 KiB is the most that a form may have, said or not', async () => {
  const big = { product: 'x'.repeat(20_000) }
  expect((await visitor(demo.url).post('/basket/add', big)).status).toBe(413)
  const chunks = new ReadableStream({
    start(stream) {
      for (let index = 0; index < 40; index++) stream.enqueue(new Uint8Array(1024).fill(97))
      stream.close()
    },
  })
  const init = { body: chunks, duplex: 'half', headers: FORM } as RequestInit
  const { status, body } = await visitor(demo.url).post('/basket/add', {}, init)
  expect(status).toBe(413)
  expect(body).toContain('That is more than this form can take.')
})

test.each([
  ['not a form', { headers: { 'content-type': 'application/json' }, body: '{"product":"mug"}' }],
  ['broken escapes', { headers: FORM, body: 'product=%zz' }],
  ['not UTF-8', { headers: FORM, body: 'product=%ff%fe' }],
  ['a field twice', { headers: FORM, body: 'product=mug&product=tea' }],
  ['no such product', { headers: FORM, body: 'product=__proto__' }],
])('a bad form gets 400: %s', async (_, init) => {
  const { status, cookies } = await visitor(demo.url).post('/basket/add', {}, init)
  expect({ status, cookies }).toEqual({ status: 400, cookies: [] })
})

test('signing in never leads away from the shop', async () => {
  for (const wanted of ['https://elsewhere.example', '//elsewhere.example', '/\\elsewhere', '/sign-out']) {
    const { body } = await visitor(demo.url).get(`/sign-in?return=${encodeURIComponent(wanted)}`)
    expect(body).not.toContain('href="https://elsewhere')
    const email = `${Math.random().toString(36).slice(2)}@example.com`
    const fields = { email, password: 'a good pass phrase', return: wanted }
    expect((await visitor(demo.url).post('/sign-up', fields)).location).toBe('/?notice=welcome')
  }
})

test('every form carries a token, and what it asks for is done with the token of this session only', async () => {
  const [ada, eve] = [visitor(demo.url), visitor(demo.url)]
  await signUp(ada, 'token@example.com')
  await signUp(eve, 'eve.token@example.com')
  for (const path of ['/', '/account', '/account/password', '/devices']) {
    const { body } = await ada.get(path)
    const forms = body.match(/<form /g)?.length
    expect({ path, tokens: body.match(/name="_csrf" value="sjc_/g)?.length }).toEqual({ path, tokens: forms })
  }
  const old = await ada.formToken()
  await ada.post('/account/password', { password: 'a good pass phrase', 'new-password': 'another phrase' })
  for (const token of ['', 'sjc_made-up', await eve.formToken(), old]) {
    const headers = { referer: `${demo.url}/devices?notice=welcome` }
    const { status, body, cookies } = await ada.post('/sign-out', { _csrf: token }, { headers })
    expect({ status, cookies }).toEqual({ status: 403, cookies: [] })
    expect(body).toContain('This page was out of date')
    expect(body).toContain('href="/devices">Open it again')
  }
  expect((await ada.get('/account')).status).toBe(200)
  expect((await ada.post('/sign-out')).location).toBe('/signed-out')
})

test('whoever gives a password needs no page of theirs to be recent', async () => {
  const ada = visitor(demo.url)
  await ada.post('/basket/add', { product: 'mug' })
  const fields = { email: 'entrance@example.com', password: 'a good pass phrase', _csrf: 'sjc_old' }
  expect((await ada.post('/sign-up', fields)).location).toBe('/?notice=welcome')
  expect((await ada.post('/sign-in', fields)).location).toBe('/?notice=signed-in')
})

test('pages are private and run one script at most, their own; assets are kept for good', async () => {
  const ada = visitor(demo.url)
  const { headers, body } = await ada.get('/')
  expect(headers.get('cache-control')).toBe('no-store')
  expect(body).not.toMatch(/<script|style=|onclick/)
  await signUp(ada, 'policy@example.com')
  const devices = await ada.get('/devices')
  const [, script = '', nonce] =
    /<script type="module" src="([^"]+)" nonce="([^"]+)">/.exec(devices.body) ?? []
  const policy = devices.headers.get('content-security-policy')?.split('; ') ?? []
  for (const directive of [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    "form-action 'self'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ])
    expect(policy).toContain(directive)
  expect((await ada.get('/devices')).body).not.toContain(nonce)
  for (const [name, value] of [
    ['x-content-type-options', 'nosniff'],
    ['referrer-policy', 'same-origin'],
    ['cross-origin-opener-policy', 'same-origin'],
    ['cross-origin-resource-policy', 'same-origin'],
    // On localhost it would reach every other port.
    ['strict-transport-security', null],
    ['clear-site-data', null],
    ['x-powered-by', null],
  ] as const)
    expect({ name, value: devices.headers.get(name) }).toEqual({ name, value })
  expect((await ada.get(script)).headers.get('content-type')).toContain('text/javascript')
  const path = /href="(\/assets\/styles[^"]+)"/.exec(body)?.[1] ?? ''
  const styles = await visitor(demo.url).get(path)
  expect(styles.headers.get('cache-control')).toContain('immutable')
  expect(styles.headers.get('content-type')).toContain('text/css')
})

test('a host name that is not this machine gets an explanation and no cookie', async () => {
  const status = await new Promise((answered, failed) => {
    const headers = { ...FORM, host: 'shop.example' }
    rawRequest(`${demo.url}/basket/add`, { method: 'POST', headers }, (response) => {
      expect(response.headers['set-cookie']).toBeUndefined()
      response.resume().on('end', () => answered(response.statusCode))
    })
      .on('error', failed)
      .end('product=mug')
  })
  expect(status).toBe(403)
})

test('a store that cannot write gets 503 and signs nobody out', async () => {
  const ada = visitor(demo.url)
  await signUp(ada, 'outage@example.com')
  const other = new DatabaseSync(join(data.path, 'sessions.sqlite'))
  other.exec('BEGIN IMMEDIATE')
  const { status, headers, cookies, body } = await ada.post('/basket/add', { product: 'mug' })
  other.exec('ROLLBACK')
  other.close()
  expect({ status, cookies, retryAfter: headers.get('retry-after') }).toEqual({
    status: 503,
    cookies: [],
    retryAfter: '1',
  })
  expect(body).toContain('You were not signed out')
  expect(body).not.toContain('Sign in')
  expect(headers.get('content-type')).toBe('text/html; charset=utf-8')
  expect((await ada.post('/basket/add', { product: 'mug' })).status).toBe(303)
  expect((await ada.get('/account')).status).toBe(200)
})
