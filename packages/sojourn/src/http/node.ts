/**
 * Sessions for `node:http`: a request listener whose responses wait for their commit.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Exchange } from './exchange.ts'
import type { SessionHandle } from './handle.ts'
import { type HeldResponse, clearHeaders, holdUntilCommitted, sendProblem } from './node/held-response.ts'
import { type Problem, problem, problemOf } from './problem.ts'
import type { Sessions } from './sessions.ts'
import { isLoopbackRequest } from './web.ts'
import { ConfigError } from '../core/errors.ts'
import { unknownKeys } from '../core/unknown-keys.ts'

export type SessionHandler<Data, Attributes extends object> = (
  request: IncomingMessage,
  response: ServerResponse,
  session: SessionHandle<Data, Attributes>,
) => void | Promise<void>

export interface NodeOptions {
  /**
   * Writes the answer when the session cannot be checked, or its changes could not be committed: a page instead of
   * the default, problem JSON. The response is empty but for the session's own headers; `problem.status` is to be its
   * status and `problem.headers` (`Retry-After`, `Cache-Control`) belong to it.
   */
  readonly onProblem?: (problem: Problem, request: IncomingMessage, response: ServerResponse) => void
  /**
   * When the session cannot be checked: `respond` (default) answers 503 before the handler runs; `pass` runs it,
   * and `session.verdict` says `unavailable`.
   */
  readonly unavailable?: 'respond' | 'pass'
  /**
   * Told of what a handler threw, or its data schema during the commit. The response was answered with a 500 where it
   * still could be. Default: the error is rethrown as an unhandled rejection.
   */
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
  assertOptions(options)
  const respond = options.unavailable !== 'pass'
  const answer =
    options.onProblem ??
    ((reason: Problem, _: IncomingMessage, response: ServerResponse) => sendProblem(response, reason))
  const report = options.onError ?? ((error: unknown) => void unhandled(error))

  function run(exchange: NodeExchange, session: SessionHandle<Data, Attributes>): void {
    const { request, response } = exchange
    if (respond && session.unavailable !== undefined) return exchange.answer(session.unavailable)
    try {
      const result = handler(request, response, session)
      if (result instanceof Promise) result.catch((error: unknown) => failed(exchange, session, error))
    } catch (error) {
      failed(exchange, session, error)
    }
  }

  function failed(exchange: NodeExchange, session: SessionHandle<Data, Attributes>, error: unknown): void {
    const known = problemOf(error)
    const hadSaidAll = exchange.said === 'all'
    try {
      if (!hadSaidAll) exchange.fail(known ?? problem('internal_error'), session)
    } catch (worse) {
      exchange.response.destroy()
      report(worse, exchange.request)
    }
    if (known === undefined || hadSaidAll) report(error, exchange.request)
  }

  return (request, response) => {
    const exchange = new NodeExchange(request, response, { report, answer })
    const begin = (session: SessionHandle<Data, Attributes>): void => {
      exchange.follow(session)
      run(exchange, session)
    }
    const opened = sessions.open(exchange)
    if (opened instanceof Promise) void opened.then(begin)
    else begin(opened)
  }
}

/** Where it would have gone without us. */
async function unhandled(error: unknown): Promise<never> {
  throw error
}

/** @throws ConfigError */
function assertOptions(options: NodeOptions): void {
  const problems = [...unknownKeys('', options, ['unavailable', 'onError', 'onProblem'])]
  if (![undefined, 'respond', 'pass'].includes(options.unavailable))
    problems.push({ path: 'unavailable', message: "Write 'respond' or 'pass'." })
  for (const path of ['onError', 'onProblem'] as const) {
    if (options[path] !== undefined && typeof options[path] !== 'function')
      problems.push({ path, message: 'Pass a function.' })
  }
  if (problems.length > 0) throw new ConfigError(problems)
}

interface Hooks {
  readonly report: (error: unknown, request: IncomingMessage) => void
  readonly answer: (problem: Problem, request: IncomingMessage, response: ServerResponse) => void
}

/** One request of `node:http`, as the core sees it. Headers are scanned in place: Node's own parsing costs more than the check. */
class NodeExchange implements Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly #hooks: Hooks
  #handle: SessionHandle<never, never> | undefined
  #held: HeldResponse | undefined
  #wantsHold = false

  constructor(request: IncomingMessage, response: ServerResponse, hooks: Hooks) {
    this.request = request
    this.response = response
    this.#hooks = hooks
  }

  get cookie(): string | undefined {
    return rawHeader(this.request.rawHeaders, 'cookie', '; ')
  }

  get authorization(): string | undefined {
    return rawHeader(this.request.rawHeaders, 'authorization', ', ')
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

  connection(): 'https' | 'loopback' | 'insecure' {
    const { socket, headers } = this.request
    if ('encrypted' in socket && socket.encrypted === true) return 'https'
    const hostname = (headers.host ?? '').replace(/:\d+$/, '')
    const isLocal =
      isLoopbackAddress(socket.remoteAddress ?? '') && isLoopbackRequest(hostname, (name) => name in headers)
    return isLocal ? 'loopback' : 'insecure'
  }

  address(): string | undefined {
    return this.request.socket.remoteAddress?.replace(/^::ffff:(?=\d+\.)/, '')
  }

  userAgent(): string | undefined {
    return this.request.headers['user-agent']
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
      commit: () => handle.commit(),
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

function isLoopbackAddress(address: string): boolean {
  return address === '::1' || /^(::ffff:)?127\./.test(address)
}
