/**
 * Sessions for `node:http`: a request listener whose responses wait for their commit.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Exchange } from './exchange.ts'
import type { SessionHandle } from './handle.ts'
import { holdUntilCommitted, sendProblem } from './node/held-response.ts'
import { problem, problemOf } from './problem.ts'
import type { Sessions } from './sessions.ts'
import { isLoopbackHost } from './web.ts'

export type SessionHandler<Data, Attributes extends object> = (
  request: IncomingMessage,
  response: ServerResponse,
  session: SessionHandle<Data, Attributes>,
) => void | Promise<void>

export interface NodeOptions {
  /**
   * When the session cannot be checked: `respond` (default) answers 503 before the handler runs; `pass` runs it,
   * and `session.verdict` says `unavailable`.
   */
  readonly unavailable?: 'respond' | 'pass'
  /** Told of what a handler threw. The response was answered with a 500 where it still could be. Default: the error is rethrown as an unhandled rejection. */
  readonly onError?: (error: unknown, request: IncomingMessage) => void
}

/**
 * A listener for `http.createServer` that hands each request's session to `handler`.
 *
 * The response is held back from its first write until what the request changed is committed; requests that
 * change nothing are not touched. **Cost** of a request that reads: one check, no timer, no wrapper.
 */
export function withSessions<Data, Attributes extends object>(
  sessions: Sessions<Data, Attributes>,
  handler: SessionHandler<Data, Attributes>,
  options: NodeOptions = {},
): RequestListener {
  const respond = options.unavailable !== 'pass'

  function run(
    request: IncomingMessage,
    response: ServerResponse,
    session: SessionHandle<Data, Attributes>,
  ): void {
    if (respond && session.unavailable !== undefined) return sendProblem(response, session.unavailable)
    try {
      const result = handler(request, response, session)
      if (result instanceof Promise) result.catch((error: unknown) => failed(request, response, error))
    } catch (error) {
      failed(request, response, error)
    }
  }

  function failed(request: IncomingMessage, response: ServerResponse, error: unknown): void {
    const known = problemOf(error)
    sendProblem(response, known ?? problem('internal_error'))
    if (known !== undefined) return
    if (options.onError === undefined) void Promise.reject(error)
    else options.onError(error, request)
  }

  return (request, response) => {
    const exchange = new NodeExchange(request, response)
    const begin = (session: SessionHandle<Data, Attributes>): void => {
      exchange.follow(session)
      run(request, response, session)
    }
    const opened = sessions.open(exchange)
    if (opened instanceof Promise) void opened.then(begin)
    else begin(opened)
  }
}

/** One request of `node:http`, as the core sees it. Headers are scanned in place: Node's own parsing costs more than the check. */
class NodeExchange implements Exchange {
  readonly cookie: string | undefined
  readonly authorization: string | undefined
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  #handle: SessionHandle<never, never> | undefined
  #held = false

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.#request = request
    this.#response = response
    this.cookie = rawHeader(request.rawHeaders, 'cookie', '; ')
    this.authorization = rawHeader(request.rawHeaders, 'authorization', ', ')
  }

  /** Begins to hold the response for this handle; it may have had something to send from the start. */
  follow<Data, Attributes extends object>(handle: SessionHandle<Data, Attributes>): void {
    this.#handle = handle as unknown as SessionHandle<never, never>
    if (this.#held) this.#hold()
  }

  connection(): 'https' | 'loopback' | 'insecure' {
    const { socket, headers } = this.#request
    if ('encrypted' in socket && socket.encrypted === true) return 'https'
    const local =
      isLoopbackAddress(socket.remoteAddress ?? '') &&
      isLoopbackHost((headers.host ?? '').replace(/:\d+$/, ''))
    return local ? 'loopback' : 'insecure'
  }

  address(): string | undefined {
    return this.#request.socket.remoteAddress?.replace(/^::ffff:(?=\d+\.)/, '')
  }

  userAgent(): string | undefined {
    return this.#request.headers['user-agent']
  }

  headersSent(): boolean {
    return this.#response.headersSent
  }

  onRead(): void {
    const response = this.#response
    if (!response.headersSent && !response.hasHeader('cache-control'))
      response.setHeader('cache-control', 'no-store')
  }

  onChange(): void {
    if (this.#held) return
    this.#held = true
    if (this.#handle !== undefined) this.#hold()
  }

  #hold(): void {
    const handle = this.#handle as SessionHandle<never, never>
    holdUntilCommitted(this.#response, () => {
      this.#held = false
      return handle.commit()
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

function isLoopbackAddress(address: string): boolean {
  return address === '::1' || /^(::ffff:)?127\./.test(address)
}
