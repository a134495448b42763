/** One request of Hono, as the core sees it. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Context } from 'hono'
import { type Exchange, webExchange } from '../../index.ts'
import { NodeArrival } from '../node.ts'

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
  readonly #address: ((context: Context) => string | undefined) | undefined
  /** Node's own request where there is one: it is quicker to read, and a target in the request line is not believed. */
  readonly #arrival: Omit<Exchange, 'headersSent' | 'isOver' | 'onRead' | 'onChange'>

  constructor(context: Context, address: ((context: Context) => string | undefined) | undefined) {
    const { incoming } = bindingsOf(context)
    this.#context = context
    this.#address = address
    this.#arrival = incoming === undefined ? webExchange(context.req.raw) : new NodeArrival(incoming)
  }

  get method(): string {
    return this.#arrival.method
  }

  get url(): string {
    return this.#arrival.url
  }

  get encrypted(): boolean {
    return this.#arrival.encrypted
  }

  get peer(): string | undefined {
    return this.#address === undefined ? this.#arrival.peer : this.#address(this.#context)
  }

  get host(): string | undefined {
    return this.#arrival.host
  }

  header(name: string): string | undefined {
    return this.#arrival.header(name)
  }

  /** No response is there before the handlers are done. */
  headersSent(): boolean {
    return false
  }

  isOver(): boolean {
    return this.#context.req.raw.signal.aborted
  }

  /** A header of Hono's own is lost when a handler answers with a `Response` that it made itself. */
  onRead(what: 'session' | 'absence'): void {
    const { outgoing } = bindingsOf(this.#context)
    if (what === 'absence' || outgoing === undefined || outgoing.headersSent) return
    this.isPrivate = true
    outgoing.setHeader('cache-control', 'no-store')
  }

  onChange(): void {
    this.hasChanged = true
  }
}

function bindingsOf({ env }: Context): NodeBindings {
  return (env ?? {}) as NodeBindings
}
