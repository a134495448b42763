/**
 * Who the client is, behind real proxies that the application names: whoever is connected to the nearest proxy that it
 * did not name, by the scheme of that connection. Nothing that a client writes changes that (`bad-inputs.md` H01–H15).
 */
import { createServer } from 'node:http'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { ADAPTERS } from '../http/harness/adapters.ts'
import { application } from '../http/harness/application.ts'
import { createBrowser, json, jsonList, type RequestOptions } from '../http/harness/browser.ts'
import { setCookies } from '../http/harness/set-cookie.ts'
import type { WireResponse } from '../http/harness/wire.ts'
import { startWorld, type World, type WorldOptions } from '../http/harness/world.ts'
import { BAD_HEADERS, EVIL, FAKE, type Line } from './harness/bad-headers.ts'
import {
  CLIENT,
  FRONT_PROXY,
  MOST_HEADER_BYTES,
  nginxProxy,
  PROXIES,
  PROXY,
  type ProxyKind,
  type RunningProxy,
} from './harness/proxies.ts'

/** What the application makes of a sign-in. */
interface Concluded {
  readonly status: number
  /** The lines of `Set-Cookie`; the browser has linted them, so each has `Secure`. */
  readonly cookies: number
  /** In the device list, where a session came about. */
  readonly address: string | undefined
}

const REFUSED: Concluded = { status: 403, cookies: 0, address: undefined }
const SIGNED_IN: Concluded = { status: 200, cookies: 1, address: CLIENT }

async function behind(
  { start, headers }: ProxyKind,
  options: WorldOptions['options'] = { proxies: { trusted: [PROXY, FRONT_PROXY], headers } },
): Promise<{ readonly world: World; readonly proxy: RunningProxy }> {
  const world = await startWorld({ options, maxHeaderSize: MOST_HEADER_BYTES })
  const proxy = await start(world.port)
  onTestFinished(proxy.stop)
  return { world, proxy }
}

async function signIn(port: number, tls: boolean, options: RequestOptions = {}): Promise<Concluded> {
  const browser = createBrowser({ port, tls })
  const answer = await browser.post('/login?user=alice', options)
  expectSilent(answer)
  if (answer.status !== 200) return { ...concluded(answer), address: undefined }
  const devices = jsonList(await browser.get('/devices', options))
  const device = devices.find(({ current }) => current === true)
  expect(String(device?.['label']).length).toBeLessThanOrEqual(256)
  return { ...concluded(answer), address: String(device?.['address']) }
}

function concluded(answer: WireResponse): Pick<Concluded, 'status' | 'cookies'> {
  return { status: answer.status, cookies: setCookies(answer).length }
}

/** Nothing of the input comes back. */
function expectSilent({ bytes }: WireResponse): void {
  for (const canary of [FAKE, EVIL, 'script>']) expect(bytes.includes(canary)).toBe(false)
}

/** The addresses that sessions were made from, by what was told of them. */
function createdFrom({ events }: World): readonly string[] {
  const created = events.filter(({ name }) => name === 'session.created')
  return created.map(({ event }) => (event as { readonly address: string }).address)
}

/** What may come of a request: a client that spoils what is said of it is believed in no part. */
function outcomes({ spoiledBy }: ProxyKind, headers: readonly Line[]): readonly Concluded[] {
  const isSpoiled = headers.some(([name]) => name.toLowerCase() === spoiledBy?.toLowerCase())
  return isSpoiled ? [SIGNED_IN, REFUSED] : [SIGNED_IN]
}

describe.each(PROXIES)('behind $name', (kind) => {
  test.each(BAD_HEADERS)('$id: $title: nobody is believed', async ({ requests }) => {
    const { world, proxy } = await behind(kind)
    for (const headers of requests) {
      const found = await signIn(proxy.secure, true, { headers })
      expect(outcomes(kind, headers)).toContainEqual(found)
      const made = createdFrom(world)
      expect(await signIn(proxy.plain, false, { headers })).toEqual(REFUSED)
      expect(createdFrom(world)).toEqual(made)
    }
    expect(createdFrom(world).filter((address) => address !== CLIENT)).toEqual([])
    expect(JSON.stringify(world.events)).not.toMatch(/203\.0\.113|evil/)
    expect(world.errors).toEqual([])
  })

  test('plain HTTP is told why', async () => {
    const { proxy } = await behind(kind)
    const answer = await createBrowser({ port: proxy.plain }).post('/login?user=alice')
    expect([answer.status, json(answer)['code']]).toEqual([403, 'insecure_request'])
  })

  test.each([
    ['no proxy is named', {}],
    ['another one is named', { proxies: { trusted: ['10.0.0.0/8', '127.0.0.77'] } }],
    ['only the one in front is named', { proxies: { trusted: [FRONT_PROXY], headers: kind.headers } }],
  ] as const)('H01: a proxy is not believed when %s', async (_, options) => {
    const { world, proxy } = await behind(kind, { ...options, transport: 'both' })
    for (const headers of [[], ...(BAD_HEADERS.find(({ id }) => id === 'H02')?.requests ?? [])]) {
      for (const [port, tls] of [
        [proxy.secure, true],
        [proxy.plain, false],
      ] as const) {
        expect(await signIn(port, tls, { headers })).toEqual(REFUSED)
        const bearer = await createBrowser({ port, tls }).post('/login?user=alice&deliver=bearer', {
          headers,
        })
        expect(concluded(bearer)).toEqual({ status: 200, cookies: 0 })
      }
    }
    expect(new Set(createdFrom(world))).toEqual(new Set([PROXY]))
  })
})

test.each([
  ['with its port', '$remote_addr:$remote_port'],
  ['as IPv6', '::ffff:$remote_addr'],
  ['as IPv6, with its port', '[::ffff:$remote_addr]:$remote_port'],
  ['in quotes', '"$remote_addr"'],
  ['with a zone', '::ffff:$remote_addr%eth0'],
])('H05, H06: an address that the proxy writes %s is the same address', async (_, written) => {
  const { proxy } = await behind({
    name: 'nginx with its own spelling',
    headers: 'x-forwarded',
    start: (app) =>
      nginxProxy(`http://127.0.0.1:${app}`, [`X-Forwarded-For '${written}'`, 'X-Forwarded-Proto $scheme']),
  })
  const headers: readonly Line[] = [['X-Forwarded-For', FAKE]]
  expect(await signIn(proxy.secure, true, { headers })).toEqual(SIGNED_IN)
})

test.each([
  [['unix'], SIGNED_IN],
  [[PROXY], REFUSED],
] as const)('a proxy on a Unix socket is believed when it is named: %s', async (trusted, expected) => {
  const folder = mkdtempSync(join(tmpdir(), 'sojourn-socket-'))
  const path = join(folder, 'app')
  const world = await startWorld({ options: { proxies: { trusted } } })
  const onError = (error: unknown): never => {
    throw error
  }
  const listener = await ADAPTERS[0].listener(world.sessions, application(), { onError })
  const server = createServer(listener).listen(path)
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
    rmSync(folder, { recursive: true, force: true })
  })
  const proxy = await nginxProxy(`http://unix:${path}`, [
    'X-Forwarded-For $remote_addr',
    'X-Forwarded-Proto $scheme',
  ])
  onTestFinished(proxy.stop)
  expect(await signIn(proxy.secure, true)).toEqual(expected)
  expect(await signIn(proxy.plain, false)).toEqual(REFUSED)
})
