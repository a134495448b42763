/**
 * What the response will tell the client about its token: nothing, a new one, or that there is none any more.
 * Kept apart from what the store is told, because the client needs its new token even when the rest of the
 * request fails.
 */
import { InputError } from '../core/errors.ts'
import type { Session } from '../core/session.ts'
import { BEARER } from '../transport/bearer.ts'
import { clearedCookie, type CookieSettings, tokenCookie } from '../transport/cookie.ts'
import type { Exchange } from './exchange.ts'

export type ResponseHeaders = readonly (readonly [name: string, value: string])[]

/** How the client presented a token, or would be given one. */
export interface Presentation {
  /** A cookie's name, or `bearer`. */
  readonly transport: string
  /** Empty when nothing, or nothing usable, was presented. */
  readonly token: string
}

interface Given {
  readonly token: string
  readonly persistsForMs: number | undefined
}

export class Delivery {
  /** How the client is given tokens: the cookie's present name, or `bearer`. */
  transport: string
  readonly #cookie: CookieSettings | undefined
  readonly #exchange: Exchange
  readonly #presented: Presentation
  /** `in-body`: the application hands the token out itself. */
  #outgoing: 'nothing' | 'in-body' | 'clear' | Given = 'nothing'
  #current: Presentation

  constructor(cookie: CookieSettings | undefined, exchange: Exchange, presented: Presentation) {
    this.#cookie = cookie
    this.#exchange = exchange
    this.#presented = presented
    this.#current = presented
    this.transport = presented.transport === BEARER ? BEARER : (cookie?.name ?? BEARER)
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
    if (this.transport === BEARER) return
    this.#outgoing = 'clear'
    this.#exchange.onChange()
  }

  /** The headers that say it, once. */
  take(): ResponseHeaders {
    const cookie = this.#cookie
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

  canReachClient(): boolean {
    if (this.#exchange.headersSent() || this.#exchange.isOver()) return false
    const connection = this.#exchange.connection()
    // A cookie for development has no `Secure` and leaves this machine under no circumstances.
    return connection === 'loopback' || (connection === 'https' && this.#cookie?.secure !== false)
  }

  /** @throws InputError `HEADERS_SENT`, `INSECURE_REQUEST` */
  mustReachClient(transport: string = this.transport): void {
    if (transport === BEARER || this.canReachClient()) return
    if (this.#exchange.headersSent()) {
      throw new InputError(
        'HEADERS_SENT',
        'The response has begun, so its cookie cannot be set any more. Change the session before writing the response.',
      )
    }
    throw new InputError(
      'INSECURE_REQUEST',
      'This request did not come over HTTPS, and a session cookie is never sent in the clear. Serve the application over HTTPS; on this machine, use localhost.',
    )
  }

  #formerName({ acceptNames }: CookieSettings): readonly string[] {
    return acceptNames.includes(this.#presented.transport) ? [this.#presented.transport] : []
  }
}

/** Several cookies are several headers; a response that carries one must not be kept by anybody. */
export function putHeaders(headers: Headers, lines: ResponseHeaders): void {
  for (const [name, value] of lines) {
    if (name === 'cache-control') headers.set(name, value)
    else headers.append(name, value)
  }
}
