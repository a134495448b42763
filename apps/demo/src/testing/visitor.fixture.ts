/** A browser as far as these tests need one: it keeps the session cookie and remembers every page and address. */

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
  get(path: string, init?: RequestInit): Promise<Seen>
  /** The token that forms carry for this visitor at this moment. */
  formToken(): Promise<string>
  /** Posts a form of a page that was just looked at, and answers the redirect, or whatever came instead. */
  post(path: string, fields?: Readonly<Record<string, string>>, init?: RequestInit): Promise<Seen>
  /** The session token; `undefined` without one. */
  token(): string | undefined
  /** Every token that it was ever given. */
  tokens(): readonly string[]
  /** Every page and address that it saw. */
  everythingSeen(): string
  /** Takes over another browser's cookie. */
  steal(token: string): void
}

const COOKIE = '__Host-Http-sid'

export function visitor(
  base: string,
  userAgent = 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Firefox/145.0',
  proxyHeaders: Readonly<Record<string, string>> = {},
): Visitor {
  const given = new Set<string>()
  const seen: string[] = []
  let token: string | undefined

  async function ask(path: string, init: RequestInit): Promise<Seen> {
    const headers = new Headers({ ...proxyHeaders, ...(init.headers as Record<string, string> | undefined) })
    headers.set('user-agent', userAgent)
    if (token !== undefined) headers.set('cookie', `${COOKIE}=${token}`)
    const response = await fetch(base + path, { ...init, headers, redirect: 'manual' })
    const cookies = response.headers.getSetCookie()
    const body = await response.text()
    for (const line of cookies) keep(line)
    const location = response.headers.get('location') ?? ''
    seen.push(path, location, body)
    return { status: response.status, headers: response.headers, body, cookies, location }
  }

  function keep(line: string): void {
    const [, value] = /^__Host-Http-sid=([^;]*)/.exec(line) ?? []
    token = value === undefined || value === '' || /max-age=0/i.test(line) ? undefined : value
    if (token !== undefined) given.add(token)
  }

  async function formToken(): Promise<string> {
    const { body } = await ask('/', {})
    return /name="_csrf" value="([^"]+)"/.exec(body)?.[1] ?? ''
  }

  async function post(path: string, fields = {}, init: RequestInit = {}): Promise<Seen> {
    const body = new URLSearchParams({ _csrf: await formToken(), ...fields })
    return await ask(path, { method: 'POST', body, ...init })
  }

  return {
    get: (path, init = {}) => ask(path, init),
    formToken,
    post,
    token: () => token,
    tokens: () => [...given],
    everythingSeen: () => seen.join('\n'),
    steal(stolen) {
      token = stolen
    },
  }
}

/** Makes an account, which signs in. */
export async function signUp(who: Visitor, email: string, password = 'a good pass phrase'): Promise<void> {
  const { status, body } = await who.post('/sign-up', { email, password })
  if (status !== 303) throw new Error(`Sign-up answered ${status}: ${body}`)
}

export async function signIn(
  who: Visitor,
  email: string,
  { password = 'a good pass phrase', remember = false } = {},
): Promise<Seen> {
  return await who.post('/sign-in', { email, password, ...(remember ? { remember: 'yes' } : {}) })
}
