/** Behind a proxy that ends TLS: whom the demo believes, and what it tells browsers then. */
import { request } from 'node:http'
import { afterEach, expect, test } from 'vitest'
import { type Demo, endedStart, startDemo, temporaryDataDir } from './testing/demo.fixture.ts'
import { signUp, visitor } from './testing/visitor.fixture.ts'

const disposals: (() => unknown)[] = []

afterEach(async () => {
  for (const dispose of disposals.splice(0).toReversed()) await dispose()
})

async function demoWith(environment: NodeJS.ProcessEnv): Promise<Demo> {
  const data = temporaryDataDir()
  const demo = await startDemo(data.path, environment)
  disposals.push(
    () => data.dispose(),
    () => demo.stop('SIGTERM'),
  )
  return demo
}

interface Answer {
  readonly status: number | undefined
  readonly cookies: readonly string[]
  readonly body: string
}

/** What the proxy on this machine sends on for a visitor of shop.example. */
async function forwarded(demo: Demo, headers: Record<string, string>): Promise<Answer> {
  return await new Promise((answered, failed) => {
    const form = { 'content-type': 'application/x-www-form-urlencoded', host: 'shop.example' }
    request(`${demo.url}/basket/add`, { method: 'POST', headers: { ...form, ...headers } }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
      response.on('end', () => {
        answered({ status: response.statusCode, cookies: response.headers['set-cookie'] ?? [], body })
      })
    })
      .on('error', failed)
      .end('product=mug')
  })
}

const OVER_HTTPS = { 'x-forwarded-for': '198.51.100.7', 'x-forwarded-proto': 'https' }

test('a trusted proxy is believed, and nobody else is', async () => {
  const trusting = await demoWith({ SOJOURN_TRUSTED_PROXIES: '127.0.0.1, ::1,10.0.0.0/8' })
  const through = await forwarded(trusting, OVER_HTTPS)
  expect(through.status).toBe(303)
  expect(through.cookies[0]).toContain('Secure')
  expect((await forwarded(trusting, { ...OVER_HTTPS, 'x-forwarded-proto': 'http' })).cookies).toEqual([])

  const direct = await forwarded(await demoWith({}), OVER_HTTPS)
  expect({ status: direct.status, cookies: direct.cookies }).toEqual({ status: 403, cookies: [] })
  expect(direct.body).toContain('Please come in another way')
})

test('the devices show where visitors come from', async () => {
  const demo = await demoWith({ SOJOURN_TRUSTED_PROXIES: '127.0.0.1,::1' })
  const ada = visitor(demo.url, undefined, OVER_HTTPS)
  await signUp(ada, 'behind@example.com')
  expect((await ada.get('/devices')).body).toContain('198.51.100.7')
})

test.each([
  ['', 'Write an IP address'],
  ['*', 'This is everybody'],
  ['127.0.0.1,0.0.0.0/0', 'proxies.trusted[1]: This is everybody'],
  ['proxy.example', 'Names are not looked up'],
])('SOJOURN_TRUSTED_PROXIES=%j is refused with what to write', async (SOJOURN_TRUSTED_PROXIES, said) => {
  const data = temporaryDataDir()
  disposals.push(() => data.dispose())
  const { code, printed } = await endedStart({ PORT: '0', DATA_DIR: data.path, SOJOURN_TRUSTED_PROXIES })
  expect(code).toBe(78)
  expect(printed).toMatch(/^SOJOURN_TRUSTED_PROXIES cannot be used/)
  expect(printed).toContain(said)
})

test('under a name in public, browsers are told to come by HTTPS only', async () => {
  const demo = await demoWith({ PUBLIC_URL: 'https://shop.example' })
  expect(demo.printed()).toContain('https://shop.example, if your proxy leads here')
  const { headers } = await visitor(demo.url).get('/')
  expect(headers.get('strict-transport-security')).toBe('max-age=86400')
})

test.each([
  '',
  'shop.example',
  'http://shop.example',
  'https://shop.example/demo',
  'https://shop.example/?a',
  'https://me@shop.example/',
  'https://localhost',
  'https://shop.localhost:3443',
  'https://203.0.113.7',
  'https://[::1]:3443',
])('PUBLIC_URL=%j is refused', async (PUBLIC_URL) => {
  const { code, printed } = await endedStart({ PUBLIC_URL })
  expect(code).toBe(78)
  expect(printed).toMatch(/^PUBLIC_URL is .* such as https:\/\/shop\.example, or leave it out\.\n$/)
})
