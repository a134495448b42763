/** One request of `node:http`, or of `node:http2` by its compatible interface, as the core sees it. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import type { Exchange } from '../exchange.ts'
import type { SessionHandle } from '../handle.ts'
import type { Problem } from '../problem.ts'
import { type HeldResponse, clearHeaders, holdUntilCommitted } from './held-response.ts'

export type NodeRequest = IncomingMessage | Http2ServerRequest
export type NodeResponse = ServerResponse | Http2ServerResponse

export interface Hooks {
  readonly report: (error: unknown, request: NodeRequest) => void
  readonly answer: (problem: Problem, request: NodeRequest, response: NodeResponse) => void
}

/** From this status on a response keeps no data changes. */
const FAILED = 500

/** Headers are scanned in place: Node's own parsing of them costs more than the check. */
export class NodeArrival {
  readonly request: NodeRequest

  constructor(request: NodeRequest) {
    this.request = request
  }

  get method(): string {
    return this.request.method ?? 'GET'
  }

  get url(): string {
    return this.request.url ?? '/'
  }

  get host(): string | undefined {
    return this.header('host') ?? this.header(':authority')
  }

  get encrypted(): boolean {
    const { socket } = this.request
    return 'encrypted' in socket && socket.encrypted
  }

  /** A Unix socket has no address; what connects through one is a proxy. */
  get peer(): string | undefined {
    const { socket } = this.request
    return socket.remoteAddress ?? (socket.remoteFamily === undefined ? 'unix' : undefined)
  }

  header(name: string): string | undefined {
    return rawHeader(this.request.rawHeaders, name, name === 'cookie' ? '; ' : ', ')
  }
}

/** A request with the response that waits for it. */
export class NodeExchange extends NodeArrival implements Exchange {
  readonly response: ServerResponse
  readonly #hooks: Hooks
  #handle: SessionHandle<never, never> | undefined
  #held: HeldResponse | undefined
  #wantsHold = false

  constructor(request: NodeRequest, response: NodeResponse, hooks: Hooks) {
    super(request)
    // What is used of either is the same.
    this.response = response as ServerResponse
    this.#hooks = hooks
  }

  /** Begins to hold the response for this handle; it may have had something to send from the start. */
  follow<Data, Attributes extends object>(handle: SessionHandle<Data, Attributes>): void {
    this.#handle = handle as unknown as SessionHandle<never, never>
    if (this.#wantsHold) this.onChange()
  }

  /** What the handler has said so far, held back or not. */
  get said(): 'nothing' | 'something' | 'all' {
    if (this.#held !== undefined) return this.#held.said
    if (this.response.writableEnded) return 'all'
    return this.response.headersSent ? 'something' : 'nothing'
  }

  /** The handler threw before it had said everything: what it began is replaced, or cut off when it has left. */
  fail(reason: Problem, session: { discard(): void }): void {
    const { response } = this
    session.discard()
    if (response.headersSent) response.destroy()
    else if (this.said === 'something') this.#held?.abandon(reason)
    else {
      clearHeaders(response)
      this.answer(reason)
    }
  }

  answer(reason: Problem): void {
    this.#hooks.answer(reason, this.request, this.response)
  }

  isOver(): boolean {
    return this.response.writableEnded || this.response.destroyed
  }

  headersSent(): boolean {
    return this.response.headersSent
  }

  onRead(): void {
    const { response } = this
    if (!response.headersSent && !response.hasHeader('cache-control'))
      response.setHeader('cache-control', 'no-store')
  }

  onChange(): void {
    const handle = this.#handle
    this.#wantsHold = true
    if (handle === undefined || this.#held !== undefined || this.response.writableEnded) return
    this.#held = holdUntilCommitted(this.response, {
      commit(status) {
        if (status >= FAILED) handle.discard()
        return handle.commit()
      },
      isChanged: () => handle.isChanged,
      onReleased: () => {
        this.#held = undefined
      },
      onError: (error) => this.#hooks.report(error, this.request),
      answer: (reason) => this.answer(reason),
    })
  }
}

function rawHeader(raw: readonly string[], name: string, separator: string): string | undefined {
  let value: string | undefined
  for (let index = 0; index < raw.length; index += 2) {
    const key = raw[index] as string
    if (key.length !== name.length || key.toLowerCase() !== name) continue
    value = value === undefined ? (raw[index + 1] as string) : value + separator + raw[index + 1]
  }
  return value
}
