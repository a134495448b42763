/** Requests that proxies let through, or make of what they get: `bad-inputs.md` H13, H16, H17, and CSRF behind TLS. */
import { gzipSync } from 'node:zlib'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Routes } from '../http/harness/application.ts'
import { createBrowser, json } from '../http/harness/browser.ts'
import { setCookies } from '../http/harness/set-cookie.ts'
import { openWire, type WireResponse } from '../http/harness/wire.ts'
import { startWorld, type World } from '../http/harness/world.ts'
import { EVIL } from './harness/bad-headers.ts'
import { FRONT_PROXY, MOST_HEADER_BYTES, PROXIES, PROXY, type RunningProxy } from './harness/proxies.ts'

interface Behind {
  readonly world: World
  readonly proxy: RunningProxy
  /** The paths that the application's handler was asked for. */
  readonly handled: readonly string[]
}

/** Besides those that say where the request went. */
const HOSTS = [
  EVIL,
  `${EVIL}:8443`,
  `${EVIL}";proto=https;x="`,
  `${EVIL}, localhost`,
  `${'x'.repeat(2000)}.${EVIL}`,
  'пример.example',
  'xn--e1afmkfd.example',
  '',
  'a b',
  '//',
  '[::1',
  '1.2.3.4:99999',
  'localhost',
  '127.0.0.1',
]

/** Two opinions on where a body ends. */
const FRAMINGS = [
  ['Content-Length: 4', 'Transfer-Encoding: chunked'],
  ['Transfer-Encoding: chunked', 'Content-Length: 4'],
  ['Content-Length: 0', 'Content-Length: 75'],
  ['Content-Length: 0, 75'],
  ['Content-Length: 5', 'Transfer-Encoding: xchunked'],
  ['Content-Length: 5', 'Transfer-Encoding:\tchunked'],
  ['Transfer-Encoding: chunked', 'Transfer-Encoding: identity', 'Content-Length: 5'],
]

describe.each(PROXIES)('behind $name', ({ start, headers: kind }) => {
  async function behind(): Promise<Behind> {
    const handled: string[] = []
    const routes: Routes = {
      'POST /smuggled'({ url }) {
        handled.push(url.pathname)
        return {}
      },
    }
    const world = await startWorld({
      routes,
      options: { proxies: { trusted: [PROXY, FRONT_PROXY], headers: kind } },
      maxHeaderSize: MOST_HEADER_BYTES,
    })
    const proxy = await start(world.port)
    onTestFinished(proxy.stop)
    return { world, proxy, handled }
  }

  async function send(port: number, text: string | Uint8Array): Promise<WireResponse> {
    const wire = await openWire(port, { tls: true })
    wire.write(text)
    const response = await wire.response()
    wire.abort()
    return response
  }

  test('H13: the host is used for nothing', async () => {
    const { world, proxy } = await behind()
    for (const host of HOSTS) {
      const answer = await createBrowser({ port: proxy.secure, tls: true }).post('/login?user=alice', {
        host,
      })
      expect([200, 400, 403]).toContain(answer.status)
      const cookies = setCookies(answer)
      expect({ host, cookies: cookies.length }).toEqual({ host, cookies: answer.status === 200 ? 1 : 0 })
      expect(cookies.some(({ attributes }) => attributes.has('domain'))).toBe(false)
      expect(answer.bytes.includes(EVIL)).toBe(false)
      const plain = await createBrowser({ port: proxy.plain }).post('/login?user=alice', { host })
      expect([400, 403]).toContain(plain.status)
      expect(setCookies(plain)).toEqual([])
    }
    expect(world.errors).toEqual([])
  })

  test('H13: a request with no Host is refused, and one with two', async () => {
    const { world, proxy } = await behind()
    for (const hosts of [[], ['Host: localhost', `Host: ${EVIL}`]]) {
      const head = ['POST /login?user=alice HTTP/1.1', ...hosts, 'Content-Length: 0', '', '']
      expect((await send(proxy.secure, head.join('\r\n'))).status).toBe(400)
    }
    expect(world.storeCalls()).toBe(0)
  })

  test('H16: only the method counts, and only as it is written', async () => {
    const { world, proxy } = await behind()
    const browser = createBrowser({ port: proxy.secure, tls: true })
    await browser.post('/login?user=alice')
    const before = world.events.length
    const requests = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE', 'post', 'POSTT', 'FOO', 'PROPFIND']
    for (const method of requests) {
      const override = ['X-HTTP-Method-Override', 'X-Method-Override', 'X-HTTP-Method'].map(
        (name) => [name, 'POST'] as const,
      )
      const answer = await browser.request(method, '/logout?_method=POST', { headers: override })
      expect(answer.status).toBeGreaterThanOrEqual(400)
      expect(answer.status).toBeLessThan(500)
      expect(setCookies(answer)).toEqual([])
    }
    expect(world.events.slice(before)).toEqual([])
    expect(json(await browser.get('/private')).subject).toBe('alice')
  })

  test('H17: no request hides in the body of another', async () => {
    const { world, proxy, handled } = await behind()
    const hidden = 'POST /smuggled HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n'
    for (const framing of FRAMINGS) {
      const head = ['POST /count HTTP/1.1', 'Host: localhost', ...framing, '', '']
      const wire = await openWire(proxy.secure, { tls: true })
      wire.write(`${head.join('\r\n')}0\r\n\r\n${hidden}`)
      expect([200, 400, 501]).toContain((await wire.response()).status)
      await expect(wire.response(), 'nothing follows').rejects.toThrow('ended without a response')
      expect(handled).toEqual([])
    }
    expect(world.errors).toEqual([])
  })

  test('H17: nobody unpacks a compressed body', async () => {
    const { world, proxy } = await behind()
    const bomb = gzipSync(Buffer.alloc(8 * 1024 * 1024))
    const head = [
      'POST /set?note=x HTTP/1.1',
      'Host: localhost',
      'Content-Encoding: gzip',
      `Content-Length: ${bomb.length}`,
      '',
      '',
    ].join('\r\n')
    const { status } = await send(proxy.secure, Buffer.concat([Buffer.from(head), bomb]))
    expect(status).toBe(200)
    expect(world.errors).toEqual([])
  })

  test('a write from a page of this origin is taken, and from the same host without TLS it is not', async () => {
    const { proxy } = await behind()
    const own = `localhost:${proxy.secure}`
    const from = async (origin: string, ...more: (readonly [string, string])[]): Promise<number> => {
      const browser = createBrowser({ port: proxy.secure, tls: true })
      const headers = [['Origin', origin] as const, ...more]
      return (await browser.post('/login?user=alice', { host: own, headers })).status
    }
    expect(await from(`https://${own}`)).toBe(200)
    for (const origin of [`http://${own}`, 'https://localhost', `https://${EVIL}`, 'null'])
      expect(await from(origin)).toBe(403)
    expect(await from(`https://${EVIL}`, ['X-Original-Host', EVIL])).toBe(403)
  })
})
