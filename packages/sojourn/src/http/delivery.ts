/**
 * What the response will tell the client about its token: nothing, a new one, or that there is none any more.
 * Kept apart from what the store is told, because the client needs its new token even when the rest of the
 * request fails.
 */
import { InputError } from '../core/errors.ts'
import { type ClientFacts, clientOf } from '../guard/client-address.ts'
import type { ProxySettings } from '../guard/proxy-options.ts'
import type { Session } from '../core/session.ts'
import { BEARER } from '../transport/bearer.ts'
import { clearedCookie, type CookieSettings, tokenCookie } from '../transport/cookie.ts'
import type { Exchange } from './exchange.ts'
import { owedHeader, varied, type WasRead } from './owed.ts'

export type ResponseHeaders = readonly (readonly [name: string, value: string])[]

/** How the client presented a token, or would be given one. */
export interface Presentation {
  /** A cookie's name, or `bearer`. */
  readonly transport: string
  /** Empty when nothing, or nothing usable, was presented. */
  readonly token: string
}

export interface DeliveryParts {
  /** `undefined`: no cookies, bearer tokens only. */
  readonly cookie: CookieSettings | undefined
  readonly proxies: ProxySettings | undefined
}

interface Given {
  readonly token: string
  readonly persistsForMs: number | undefined
}

export class Delivery {
  /** How the client is given tokens: the cookie's present name, or `bearer`. */
  transport: string
  readonly #parts: DeliveryParts
  readonly #exchange: Exchange
  readonly #presented: Presentation
  /** The request is a write from another site: nothing that it does touches the client's cookie. */
  readonly #barred: boolean
  /** `in-body`: the application hands the token out itself. */
  #outgoing: 'nothing' | 'in-body' | 'clear' | Given = 'nothing'
  #current: Presentation

  constructor(
    parts: DeliveryParts,
    exchange: Exchange,
    { presented, barred }: { readonly presented: Presentation; readonly barred: boolean },
  ) {
    this.#parts = parts
    this.#exchange = exchange
    this.#presented = presented
    this.#barred = barred
    this.#current = presented
    this.transport = presented.transport === BEARER ? BEARER : (parts.cookie?.name ?? BEARER)
  }

  get isPending(): boolean {
    return this.#outgoing !== 'nothing'
  }

  /** The token that the client has, or will have when this response reaches it. */
  get current(): Presentation | undefined {
    return this.#current.token === '' ? undefined : this.#current
  }

  give<Data, Attributes>(session: Session<Data, Attributes>, token: string): void {
    this.#current = { transport: this.transport, token }
    const persistsForMs =
      session.lifetime === 'remember' ? session.absoluteDeadline - session.checkedAt : undefined
    // A cookie that was about to go out with an older token is not sent.
    this.#outgoing = this.transport === BEARER ? 'in-body' : { token, persistsForMs }
    this.#exchange.onChange()
  }

  clear(): void {
    this.#current = { transport: this.transport, token: '' }
    if (this.transport === BEARER || this.#barred) return
    this.#outgoing = 'clear'
    this.#exchange.onChange()
  }

  /** The headers that say it, once. */
  take(): ResponseHeaders {
    const { cookie } = this.#parts
    const outgoing = this.#outgoing
    this.#outgoing = 'nothing'
    if (outgoing === 'in-body') return [['cache-control', 'no-store']]
    if (cookie === undefined || outgoing === 'nothing') return []
    const names = outgoing === 'clear' ? [cookie.name, ...cookie.acceptNames] : this.#formerName(cookie)
    const lines = names.map((name) => clearedCookie(cookie, name))
    if (typeof outgoing === 'object')
      lines.unshift(tokenCookie(cookie, outgoing.token, outgoing.persistsForMs))
    return [
      ...lines.map((line) => ['set-cookie', line] as const),
      ['cache-control', 'no-store'],
      ['vary', 'Cookie'],
    ]
  }

  /** Who the client is, as far as it can be known. **Cost**: reads headers. */
  client(): ClientFacts {
    return clientOf(this.#exchange, this.#parts.proxies)
  }

  canReachClient(): boolean {
    if (this.#barred || this.#exchange.headersSent() || this.#exchange.isOver()) return false
    const { connection } = this.client()
    // A cookie for development has no `Secure` and leaves this machine under no circumstances.
    return connection === 'loopback' || (connection === 'https' && this.#parts.cookie?.secure !== false)
  }

  /** @throws InputError `CROSS_SITE_REQUEST`, `HEADERS_SENT`, `INSECURE_REQUEST` */
  mustReachClient(transport: string = this.transport): void {
    if (this.#barred) throw crossSite()
    if (transport === BEARER || this.canReachClient()) return
    if (this.#exchange.headersSent() || this.#exchange.isOver()) {
      throw new InputError(
        'HEADERS_SENT',
        'The response has begun, or its client has left, so its cookie cannot be set any more. Change the session before writing the response.',
      )
    }
    throw new InputError(
      'INSECURE_REQUEST',
      'This request did not come over HTTPS, and a session cookie is never sent in the clear. Serve the application over HTTPS; behind a proxy that does, name it in `proxies.trusted`; on this machine, use localhost.',
    )
  }

  #formerName({ acceptNames }: CookieSettings): readonly string[] {
    return acceptNames.includes(this.#presented.transport) ? [this.#presented.transport] : []
  }
}

function crossSite(): InputError {
  return new InputError(
    'CROSS_SITE_REQUEST',
    "This write came from another site's page, so it cannot begin, change or end a session. Answer 403; add the origin to `csrf.trustedOrigins` if its pages are yours.",
  )
}

/** What a response owes to its request's session having been looked at. */
export function noteRead(headers: Headers, wasRead: WasRead): void {
  const owed = owedHeader(wasRead, (name) => headers.get(name))
  if (owed !== undefined) headers.set(...owed)
}

/** Several cookies are several headers; a response that carries one must not be kept by anybody. */
export function putHeaders(headers: Headers, lines: ResponseHeaders): void {
  for (const [name, value] of lines) {
    if (name === 'set-cookie') headers.append(name, value)
    else headers.set(name, name === 'vary' ? varied(headers.get(name)) : value)
  }
}
