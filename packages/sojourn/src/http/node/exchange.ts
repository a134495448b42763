/** One request of `node:http`, or of `node:http2` by its compatible interface, as the core sees it. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import type { Exchange } from '../exchange.ts'
import { FAILED } from '../committed.ts'
import type { SessionHandle } from '../handle.ts'
import { type HeaderValue, owedHeader } from '../owed.ts'
import type { Problem } from '../problem.ts'
import { standInForEnd } from './holders.ts'
import { type HeldResponse, holdUntilCommitted, isGone } from './held-response.ts'
import { clearHeaders } from './replay.ts'

export type NodeRequest = IncomingMessage | Http2ServerRequest
export type NodeResponse = ServerResponse | Http2ServerResponse

/** What says that a response is private: the response, or what the framework puts in front of it. */
export interface HeaderHolder {
  getHeader(name: string): HeaderValue
  setHeader(name: string, value: string): unknown
}

export interface Hooks {
  readonly report: (error: unknown, request: NodeRequest) => void
  readonly answer: (problem: Problem, request: NodeRequest, response: NodeResponse) => void
}

/** A request without its response, for adapters to describe it by. Headers are scanned in place: Node's own parsing of them costs more than the check. */
export class NodeArrival {
  readonly request: NodeRequest

  constructor(request: NodeRequest) {
    this.request = request
  }

  get method(): string {
    return this.request.method ?? 'GET'
  }

  get url(): string {
    // Express takes what a router is mounted at off `url`, and keeps it here.
    const { baseUrl = '', url = '/' } = this.request as NodeRequest & { readonly baseUrl?: string }
    return baseUrl + url
  }

  get host(): string | undefined {
    return this.header(':authority') ?? this.header('host')
  }

  get encrypted(): boolean {
    const { socket } = this.request
    return 'encrypted' in socket && socket.encrypted
  }

  /** A Unix socket has no address at either end; a TCP connection that is gone has one at ours, or is destroyed. */
  get peer(): string | undefined {
    const { remoteAddress, localAddress, destroyed } = this.request.socket
    return remoteAddress ?? (localAddress === undefined && !destroyed ? 'unix' : undefined)
  }

  header(name: string): string | undefined {
    return rawHeader(this.request.rawHeaders, name)
  }
}

/** A request with the response that waits for it. */
export class NodeExchange extends NodeArrival implements Exchange {
  readonly response: ServerResponse
  readonly #hooks: Hooks
  readonly #headers: HeaderHolder
  #handle: SessionHandle<never, never> | undefined
  #held: HeldResponse | undefined
  #wantsHold = false

  constructor(request: NodeRequest, response: NodeResponse, hooks: Hooks, headers: HeaderHolder = response) {
    super(request)
    // What is used of either is the same.
    this.response = response as ServerResponse
    this.#hooks = hooks
    this.#headers = headers
  }

  /** Begins to hold the response for this handle; it may have had something to send from the start. */
  follow<Data, Attributes extends object>(handle: SessionHandle<Data, Attributes>): void {
    this.#handle = handle as unknown as SessionHandle<never, never>
    standInForEnd(this.response)
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
    if (this.headersSent()) response.destroy()
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
    if (isGone(this.response)) return true
    return this.#held === undefined && this.response.writableEnded
  }

  headersSent(): boolean {
    return this.#held?.headersSent ?? this.response.headersSent
  }

  onRead(what: 'session' | 'absence'): void {
    if (this.headersSent()) return
    const owed = owedHeader(what, (name) => this.#headers.getHeader(name))
    if (owed !== undefined) (this.#held ?? this.#headers).setHeader(...owed)
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
      answer: (reason, response) => this.#hooks.answer(reason, this.request, response),
    })
  }
}

/** One header among Node's `rawHeaders`, by its lower-case name; several lines are joined, those of `cookie` with `; `. */
function rawHeader(raw: readonly string[], name: string): string | undefined {
  const separator = name === 'cookie' ? '; ' : ', '
  let value: string | undefined
  for (let index = 0; index < raw.length; index += 2) {
    const key = raw[index] as string
    if (key.length !== name.length || key.toLowerCase() !== name) continue
    value = value === undefined ? (raw[index + 1] as string) : value + separator + raw[index + 1]
  }
  return value
}
