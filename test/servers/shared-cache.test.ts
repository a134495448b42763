/**
 * A shared cache in front: whoever comes second gets neither the page nor the cookie of whoever came first
 * (`faults.md` F35, `standards.md` H1; RFC 9111 §7.3: a Set-Cookie does not keep a cache from storing a response).
 *
 * nginx refuses to store a response with `Set-Cookie` of its own accord. Made to overlook that, as pages with a
 * tracking cookie tempt people to, it has only `Cache-Control: no-store` to go by, and must get it. Made to overlook
 * `Cache-Control` as well, it stores what every server forbids to store: no origin can prevent that.
 */
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Browser, createBrowser, json } from '../http/harness/browser.ts'
import type { Routes } from '../http/harness/application.ts'
import { setCookies } from '../http/harness/set-cookie.ts'
import { header, type WireResponse } from '../http/harness/wire.ts'
import { startWorld, type World } from '../http/harness/world.ts'
import { developmentCertificate } from '../programs/certificate.ts'
import { startHaproxy } from '../programs/haproxy.ts'
import { startNginx } from '../programs/nginx.ts'
import type { RunningServer } from '../programs/server-process.ts'

const PROXY = '127.0.0.2'
const PUBLIC = ['cache-control', 'public, max-age=3600'] as const

const routes: Routes = {
  'GET /public': () => ({ headers: [PUBLIC], body: 'for everybody' }),
  /** An application that calls each of its pages public, also those that set the session cookie. */
  'GET /careless': ({ session, url }) => {
    session.set('note', url.searchParams.get('note') ?? 'seen')
    return { headers: [PUBLIC], body: 'seen' }
  },
  'GET /own-cookie': () => ({ headers: [PUBLIC, ['set-cookie', 'tracker=first-visitor']], body: 'tracked' }),
}

interface Cache {
  readonly name: string
  /** Whether it stores a response that sets a cookie, unless it is told not to. */
  readonly storesCookies: boolean
  readonly start: (app: number) => Promise<RunningServer>
}

const { cert, key } = developmentCertificate()
const files = { 'tls.pem': cert + key }

const nginx =
  (more: string): Cache['start'] =>
  (app) =>
    startNginx({
      files,
      config: ({ folder, ports: [port] }) => `
        proxy_cache_path ${folder}/cache keys_zone=pages:1m;
        server {
          listen 127.0.0.1:${port} ssl;
          ssl_certificate ${folder}/tls.pem;
          ssl_certificate_key ${folder}/tls.pem;
          location / {
            proxy_pass http://127.0.0.1:${app};
            proxy_bind ${PROXY};
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_cache pages;
            proxy_cache_key $request_method$request_uri;
            add_header X-Cache $upstream_cache_status always;
            ${more}
          }
        }`,
    })

const CACHES: readonly Cache[] = [
  { name: 'nginx as it comes', storesCookies: false, start: nginx('') },
  {
    name: 'nginx that keeps everything for an hour',
    storesCookies: false,
    start: nginx('proxy_cache_valid any 1h; proxy_cache_methods GET HEAD POST;'),
  },
  {
    name: 'nginx that overlooks Set-Cookie, Expires and Vary',
    storesCookies: true,
    start: nginx(
      'proxy_ignore_headers Set-Cookie Expires Vary; proxy_cache_valid any 1h; proxy_cache_methods GET HEAD POST;',
    ),
  },
  {
    name: 'HAProxy',
    storesCookies: true,
    start: (app) =>
      startHaproxy({
        files,
        config: ({ folder, ports: [port] }) => `
cache pages
  total-max-size 4
  max-age 3600
frontend web
  bind 127.0.0.1:${port} ssl crt ${folder}/tls.pem
  http-request set-header X-Forwarded-For %[src]
  http-request set-header X-Forwarded-Proto https
  default_backend app
backend app
  http-request cache-use pages
  http-response cache-store pages
  http-after-response set-header X-Cache HIT if { res.cache_hit }
  server app 127.0.0.1:${app} source ${PROXY}`,
      }),
  },
]

interface Visitors {
  readonly world: World
  readonly visitor: () => Browser
}

async function behind({ start }: Cache): Promise<Visitors> {
  const world = await startWorld({ routes, options: { proxies: { trusted: [PROXY] } } })
  const { ports, stop } = await start(world.port)
  onTestFinished(stop)
  return { world, visitor: () => createBrowser({ port: ports[0] as number, tls: true }) }
}

const wasStored = (response: WireResponse): boolean => header(response, 'x-cache') === 'HIT'
const tokensIn = (response: WireResponse): readonly string[] => setCookies(response).map(({ value }) => value)

describe.each(CACHES)('behind $name', (cache) => {
  test('a page without session is stored, for people with and without one', async () => {
    const { visitor } = await behind(cache)
    const [alice, bob] = [visitor(), visitor()]
    await alice.post('/login?user=alice')
    const first = await alice.get('/public')
    const second = await bob.get('/public')
    const third = await alice.get('/public')
    expect([first, second, third].map(wasStored)).toEqual([false, true, true])
    expect(second.body).toBe('for everybody')
    expect([first, second, third].flatMap(tokensIn)).toEqual([])
  })

  test('a cookie that is not ours and not forbidden to be stored shows what this cache would do', async () => {
    const { visitor } = await behind(cache)
    await visitor().get('/own-cookie')
    const second = await visitor().get('/own-cookie')
    expect(wasStored(second)).toBe(cache.storesCookies)
  })

  test('nobody gets the cookie of somebody else, although the application calls the page public', async () => {
    const { visitor } = await behind(cache)
    const [alice, bob] = [visitor(), visitor()]
    const first = await alice.get('/careless?note=x')
    const second = await bob.get('/careless?note=x')
    expect([first, second].map(wasStored)).toEqual([false, false])
    expect([first, second].map((response) => tokensIn(response).length)).toEqual([1, 1])
    expect(alice.token).not.toBe(bob.token)
  })

  test('a sign-in is nobody else’s, even where answers to POST are stored', async () => {
    const { visitor } = await behind(cache)
    const [one, other] = [visitor(), visitor()]
    const answers = [await one.post('/login?user=alice'), await other.post('/login?user=alice')]
    expect(answers.map(wasStored)).toEqual([false, false])
    expect(one.token).not.toBe(other.token)
    const [first, second] = answers.map((response) => json(response).id)
    expect(first).not.toBe(second)
  })

  test('a page of one account is never shown to another, or to nobody', async () => {
    const { visitor } = await behind(cache)
    const [alice, bob, nobody] = [visitor(), visitor(), visitor()]
    await alice.post('/login?user=alice')
    await bob.post('/login?user=bob')
    const pages = [await alice.get('/me'), await bob.get('/me'), await nobody.get('/me')]
    expect(pages.map(wasStored)).toEqual([false, false, false])
    expect(pages.map((page) => json(page).subject)).toEqual(['alice', 'bob', null])
    const devices = [await alice.get('/devices'), await bob.get('/devices')]
    expect(devices.map(wasStored)).toEqual([false, false])
    expect(devices[0]?.body).not.toBe(devices[1]?.body)
  })

  test('everybody who signs out is signed out, and nobody else', async () => {
    const { visitor } = await behind(cache)
    const [alice, bob, carol] = [visitor(), visitor(), visitor()]
    await alice.post('/login?user=alice')
    await bob.post('/login?user=bob')
    await carol.post('/login?user=carol')
    const copies = [alice.copy(), bob.copy()]
    const answers = [await alice.post('/logout'), await bob.post('/logout')]
    expect(answers.map(wasStored)).toEqual([false, false])
    expect(answers.flatMap(tokensIn)).toEqual(['', ''])
    expect(json(await carol.get('/private')).subject).toBe('carol')
    for (const copy of copies) expect((await copy.get('/private?again')).status).toBe(401)
  })
})
