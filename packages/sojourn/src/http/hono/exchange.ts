/** One request of Hono, as the core sees it. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Context } from 'hono'
import type { Exchange } from '../../index.ts'
import { rawHeader } from '../node.ts'

type Address = (context: Context) => string | undefined

/** What `@hono/node-server` puts into `c.env`. */
interface NodeBindings {
  readonly incoming?: IncomingMessage
  readonly outgoing?: ServerResponse
}

export class HonoExchange implements Exchange {
  hasChanged = false
  /** Whether the response is marked already, whatever a handler answers. */
  isPrivate = false
  readonly #context: Context
  readonly #address: Address

  constructor(context: Context, address: Address) {
    this.#context = context
    this.#address = address
  }

  get method(): string {
    return this.#context.req.method
  }

  get url(): string {
    return this.#context.req.url.replace(/^[a-z]+:\/\/[^/?#]*/, '')
  }

  get encrypted(): boolean {
    return this.#context.req.url.startsWith('https:')
  }

  get peer(): string | undefined {
    return this.#address(this.#context)
  }

  get host(): string | undefined {
    return URL.parse(this.#context.req.url)?.host
  }

  header(name: string): string | undefined {
    const { incoming } = bindingsOf(this.#context)
    return incoming === undefined ? this.#context.req.header(name) : rawHeader(incoming.rawHeaders, name)
  }

  /** A header of Hono's own is lost when a handler answers with a `Response` that it made itself. */
  onRead(what: 'session' | 'absence'): void {
    const { outgoing } = bindingsOf(this.#context)
    if (what === 'absence' || outgoing === undefined || outgoing.headersSent) return
    this.isPrivate = true
    outgoing.setHeader('cache-control', 'no-store')
  }

  /** No response is there before the handlers are done. */
  headersSent(): boolean {
    return false
  }

  isOver(): boolean {
    return this.#context.req.raw.signal.aborted
  }

  onChange(): void {
    this.hasChanged = true
  }
}

/** What `@hono/node-server` gives: reading and writing there costs a fraction of doing so by way of Hono. */
function bindingsOf({ env }: Context): NodeBindings {
  return (env ?? {}) as NodeBindings
}

export function socketAddress(context: Context): string | undefined {
  const { incoming } = bindingsOf(context)
  return incoming === undefined ? 'unseen' : incoming.socket.remoteAddress
}
