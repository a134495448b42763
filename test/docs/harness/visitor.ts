/** A browser as far as these tests need one: it keeps cookies, and sends the forms of the page that it is on. */
import { once } from 'node:events'
import { connect } from 'node:net'

export interface Seen {
  readonly status: number
  readonly headers: Headers
  readonly body: string
  /** The `Set-Cookie` lines of this answer. */
  readonly cookies: readonly string[]
  /** Where a redirect leads; empty otherwise. */
  readonly location: string
}

export interface Visitor {
  get(path: string): Promise<Seen>
  /** Posts fields from a page of the application; the token of the page that was last seen goes along. */
  post(path: string, fields?: Readonly<Record<string, string>>): Promise<Seen>
  /** The same from a page of another site. */
  postFromElsewhere(path: string, fields?: Readonly<Record<string, string>>): Promise<Seen>
  /** What it would send as `Cookie`. */
  cookie(): string
  /** Another browser with the same cookies. */
  copy(base?: string): Visitor
}

/** How requests go out and answers come in: `fetch`, or what stands in for it. */
export type Send = (url: string, init: RequestInit) => Promise<Response>

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0'

export interface VisitorOptions {
  /** Cookies by name. Default none. */
  readonly kept?: ReadonlyMap<string, string>
  /** Default `fetch`. */
  readonly send?: Send
}

export function visitor(base: string, { kept = new Map(), send = fetch }: VisitorOptions = {}): Visitor {
  const jar = new Map(kept)
  let token: string | undefined

  async function ask(path: string, init: RequestInit): Promise<Seen> {
    const headers = new Headers(init.headers)
    headers.set('user-agent', FIREFOX)
    if (jar.size > 0) headers.set('cookie', cookie())
    const response = await send(base + path, { ...init, headers, redirect: 'manual' })
    const body = await response.text()
    const cookies = response.headers.getSetCookie()
    for (const line of cookies) keep(line)
    token = /name="_csrf" value="([^"]*)"/.exec(body)?.[1] ?? token
    return {
      status: response.status,
      headers: response.headers,
      body,
      cookies,
      location: response.headers.get('location') ?? '',
    }
  }

  function keep(line: string): void {
    const [, name = '', value = ''] = /^([^=]*)=([^;]*)/.exec(line) ?? []
    if (/max-age=0/i.test(line)) jar.delete(name)
    else jar.set(name, value)
  }

  function cookie(): string {
    return [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  async function post(
    path: string,
    { site, fields }: { readonly site: string; readonly fields: Readonly<Record<string, string>> },
  ): Promise<Seen> {
    const form = new URLSearchParams(token === undefined ? fields : { _csrf: token, ...fields })
    const body = form.size === 0 ? null : form
    return await ask(path, { method: 'POST', body, headers: { 'sec-fetch-site': site } })
  }

  return {
    get: (path) => ask(path, {}),
    post: (path, fields = {}) => post(path, { site: 'same-origin', fields }),
    postFromElsewhere: (path, fields = {}) => post(path, { site: 'cross-site', fields }),
    cookie,
    copy: (other = base) => visitor(other, { kept: jar, send }),
  }
}

/** Sends half a form and is gone; returns when the server has had the time to notice. */
export async function leaveMidForm(base: string, path: string): Promise<void> {
  const { hostname, port, host } = new URL(base)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  socket.write(
    [
      `POST ${path} HTTP/1.1`,
      `Host: ${host}`,
      'Content-Type: application/x-www-form-urlencoded',
      'Content-Length: 100',
      '',
      'name=',
    ].join('\r\n'),
  )
  // Whoever answers this request has begun with the one before.
  await fetch(base)
  socket.destroy()
  await once(socket, 'close')
  await fetch(base)
}
