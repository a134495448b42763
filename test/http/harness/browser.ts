/** A client with a cookie jar over a raw socket, which lints every response. */
import { expect } from 'vitest'
import type { Me } from './application.ts'
import { type CookiePolicy, linter, setCookies } from './set-cookie.ts'
import { openWire, type Wire, type WireResponse } from './wire.ts'

export interface RequestOptions {
  readonly headers?: readonly (readonly [name: string, value: string])[]
  readonly host?: string
}

export interface Browser {
  readonly jar: Map<string, string>
  get(target: string, options?: RequestOptions): Promise<WireResponse>
  post(target: string, options?: RequestOptions): Promise<WireResponse>
  request(method: string, target: string, options?: RequestOptions): Promise<WireResponse>
  /** Sends a request and leaves its answer to the caller. */
  begin(method: string, target: string, options?: RequestOptions): Promise<Wire>
  /** Sends one more request on a connection that it has. */
  send(wire: Wire, method: string, target: string, options?: RequestOptions): void
  /** Takes an answer to `begin`: keeps its cookies. */
  take(response: WireResponse): WireResponse
  /** The value of the only cookie it has. */
  readonly token: string
  /** Another browser with the same cookies. */
  copy(): Browser
}

export interface BrowserOptions {
  readonly port: number
  readonly policy?: CookiePolicy
  readonly tls?: boolean
  readonly jar?: ReadonlyMap<string, string>
}

export function createBrowser(options: BrowserOptions): Browser {
  const { port, policy = {}, tls = false } = options
  const jar = new Map(options.jar)

  const browser: Browser = {
    jar,
    get token() {
      expect([...jar.keys()]).toHaveLength(1)
      return [...jar.values()][0] as string
    },
    get: (target, request) => browser.request('GET', target, request),
    post: (target, request) => browser.request('POST', target, request),
    async request(method, target, request) {
      const wire = await browser.begin(method, target, request)
      const response = browser.take(await wire.response({ toHead: method === 'HEAD' }))
      wire.abort()
      return response
    },
    async begin(method, target, request) {
      const wire = await openWire(port, { tls, lint: linter(policy) })
      browser.send(wire, method, target, request)
      return wire
    },
    send: (wire, method, target, request = {}) => wire.write(requestText(method, target, request, jar)),
    take(response) {
      for (const { name, value, attributes } of setCookies(response)) {
        if (attributes.get('max-age') === '0') jar.delete(name)
        else jar.set(name, value)
      }
      return response
    },
    copy: () => createBrowser({ ...options, jar }),
  }
  return browser
}

/** What the application said of the session, and of anything else. */
export type Said = Me & Readonly<Record<string, unknown>>

export function json(response: WireResponse): Said {
  return JSON.parse(response.body) as Said
}

/** The same, where it is a list. */
export function jsonList(response: WireResponse): readonly Said[] {
  return JSON.parse(response.body) as readonly Said[]
}

function requestText(
  method: string,
  target: string,
  { headers = [], host = 'localhost' }: RequestOptions,
  jar: ReadonlyMap<string, string>,
): string {
  const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
  const lines = [
    `${method} ${target} HTTP/1.1`,
    `Host: ${host}`,
    ...(cookie === '' ? [] : [`Cookie: ${cookie}`]),
    ...headers.map(([name, value]) => `${name}: ${value}`),
    'Content-Length: 0',
  ]
  return `${lines.join('\r\n')}\r\n\r\n`
}
