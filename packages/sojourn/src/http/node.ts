/**
 * Sessions for `node:http`, `node:https` and `node:http2`, and for frameworks that run on them: responses wait for
 * their commit.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { InputError } from '../core/errors.ts'
import type { ReadMode } from '../core/verdict/copies.ts'
import type { MaybePromise, VerifyOptions } from '../core/verdict/verify.ts'
import { assertAdapterOptions } from './adapter-options.ts'
import type { SessionHandle } from './handle.ts'
import {
  type HeaderHolder,
  type Hooks,
  NodeExchange,
  type NodeRequest,
  type NodeResponse,
} from './node/exchange.ts'
import { sendProblem } from './node/held-response.ts'
import { type Problem, problem, problemOf } from './problem.ts'
import type { Sessions } from './sessions.ts'

export { type UpgradeOptions, upgradeSession } from './node/upgrade.ts'
export { type HeaderHolder, NodeArrival, type NodeRequest, type NodeResponse } from './node/exchange.ts'

export interface NodeOptions<Request = IncomingMessage, Response = ServerResponse, Target = Request> {
  /**
   * How late the check may see a revocation that was made elsewhere, or a function that says so for each request.
   * Default: the manager's. A function that throws is told to `onError`, and the check is `strict`.
   */
  readonly mode?: ReadMode | ((request: Target) => ReadMode)
  /**
   * Writes the answer when the session cannot be checked, a write came from another site, or the changes could not be
   * committed: a page instead of the default, problem JSON. The response is empty but for the session's own headers;
   * `problem.status` is to be its status and `problem.headers` (`Retry-After`, `Cache-Control`) belong to it.
   */
  readonly onProblem?: (problem: Problem, request: Request, response: Response) => void | Promise<void>
  /**
   * When the session cannot be checked: `respond` (default) answers 503 before the handler runs; `pass` runs it,
   * and `session.verdict` says `unavailable`.
   */
  readonly unavailable?: 'respond' | 'pass'
  /**
   * Told of what a handler threw, or its data schema during the commit. The response was answered with a 500 where it
   * still could be. Default: the error is rethrown as an unhandled rejection.
   */
  readonly onError?: (error: unknown, request: Request) => void
}

export type SessionHandler<Data, Attributes extends object, Request, Response> = (
  request: Request,
  response: Response,
  session: SessionHandle<Data, Attributes>,
) => void | Promise<void>

/**
 * A listener for `http.createServer` that hands each request's session to `handler`. With `http2`, name the types of
 * the request and the response in the handler.
 *
 * The response is held back from its first write until what the request changed is committed; requests that
 * change nothing are not touched. **Cost** of a request that reads: one check, no timer, no wrapper.
 *
 * @throws ConfigError
 */
export function withSessions<
  Data,
  Attributes extends object,
  Request extends NodeRequest = IncomingMessage,
  Response extends NodeResponse = ServerResponse,
>(
  sessions: Sessions<Data, Attributes>,
  handler: SessionHandler<Data, Attributes, Request, Response>,
  options: NodeOptions<Request, Response> = {},
): (request: Request, response: Response) => void {
  assertAdapterOptions(options, KNOWN)
  const { hooks, refusalOf, checkOf } = readNodeOptions(options)

  function run(exchange: NodeExchange, session: SessionHandle<Data, Attributes>): void {
    try {
      const refusal = refusalOf(session)
      if (refusal !== undefined) return exchange.answer(refusal)
      const result = handler(exchange.request as Request, exchange.response as Response, session)
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
      hooks.report(worse, exchange.request)
    }
    // A client that leaves while its body is read: nobody is there to be answered, and nothing is broken.
    const isLeaving = 'errored' in exchange.request && error === exchange.request.errored
    if (!isLeaving && (known === undefined || hadSaidAll)) hooks.report(error, exchange.request)
  }

  return (request, response) => {
    const exchange = new NodeExchange(request, response, hooks)
    const begin = (session: SessionHandle<Data, Attributes>): void => {
      exchange.follow(session)
      run(exchange, session)
    }
    const opened = sessions.open(exchange, checkOf(request, request))
    if (opened instanceof Promise) void opened.then(begin)
    else begin(opened)
  }
}

export interface AttachOptions<Request = IncomingMessage, Response = ServerResponse, Target = Request>
  extends NodeOptions<Request, Response, Target> {
  /** Where the handle is put. Default `session`; another one for a second realm beside the first. */
  readonly property?: string
}

/** What an adapter for a framework on top of `node:http` is made of. */
export interface Attachment<Data, Attributes extends object> {
  /**
   * Opens the session of a request, puts its handle on `target`, and holds the response from its first write until
   * what the request changed is committed. `undefined`: the request was refused and its response is written; nothing
   * else is to run. Synchronous when the check is.
   */
  readonly attach: (
    request: NodeRequest,
    response: NodeResponse,
    target: object,
    /** Where the framework keeps a response's headers, if it is not in the response. */
    headers?: HeaderHolder,
  ) => MaybePromise<SessionHandle<Data, Attributes> | undefined>
  /** The handle that was put on `target`. @throws InputError `NOT_ATTACHED` */
  readonly of: (target: object) => SessionHandle<Data, Attributes>
  readonly property: string
}

/** @throws ConfigError */
export function attachSessions<Data, Attributes extends object, Request, Response, Target = Request>(
  sessions: Sessions<Data, Attributes>,
  options: AttachOptions<Request, Response, Target> = {},
): Attachment<Data, Attributes> {
  type Handle = SessionHandle<Data, Attributes>
  assertAdapterOptions(options, [...KNOWN, 'property'])
  const { hooks, refusalOf, checkOf } = readNodeOptions(options)
  const { property = 'session' } = options
  // Another realm's handle on the same request is another one.
  const place = Symbol('sojourn session')

  function begin(exchange: NodeExchange, session: Handle, target: object): Handle | undefined {
    exchange.follow(session)
    const refusal = refusalOf(session)
    if (refusal !== undefined) {
      exchange.answer(refusal)
      return undefined
    }
    const holder = target as Record<string | symbol, unknown>
    holder[place] = session
    holder[property] = session
    return session
  }

  return {
    property,
    attach(request, response, target, headers) {
      // Registered twice: two handles on one session would end one another's tokens.
      const present = (target as Record<symbol, unknown>)[place]
      if (present !== undefined) return present as Handle
      const exchange = new NodeExchange(request, response, hooks, headers)
      const opened = sessions.open(exchange, checkOf(target as Target, request))
      return opened instanceof Promise
        ? opened.then((session) => begin(exchange, session, target))
        : begin(exchange, opened, target)
    },
    of(target) {
      const session = (target as Record<symbol, unknown>)[place]
      if (session !== undefined) return session as Handle
      throw new InputError(
        'NOT_ATTACHED',
        'This request did not pass through the sessions. Register them before the routes that use them.',
      )
    },
  }
}

const KNOWN: readonly string[] = ['mode', 'unavailable', 'onError', 'onProblem']

/** Where it would have gone without us. */
async function unhandled(error: unknown): Promise<never> {
  throw error
}

/** @throws ConfigError */
function readNodeOptions<Request, Response, Target>(
  options: NodeOptions<Request, Response, Target>,
): {
  readonly hooks: Hooks
  readonly refusalOf: (session: {
    readonly refused?: Problem | undefined
    readonly unavailable?: Problem | undefined
  }) => Problem | undefined
  readonly checkOf: (target: Target, request: NodeRequest) => VerifyOptions
} {
  const { mode, onError, onProblem, unavailable } = options
  const always: VerifyOptions = typeof mode === 'function' ? { mode: 'strict' } : { mode }

  function report(error: unknown, request: NodeRequest): void {
    if (onError === undefined) void unhandled(error)
    else onError(error, request as Request)
  }

  return {
    hooks: {
      report,
      answer(reason, request, response) {
        if (onProblem === undefined) return sendProblem(response as ServerResponse, reason)
        const written = onProblem(reason, request as Request, response as Response)
        if (!(written instanceof Promise)) return
        written.catch((error: unknown) => {
          response.destroy()
          report(error, request)
        })
      },
    },
    checkOf(target, request) {
      if (typeof mode !== 'function') return always
      try {
        return { mode: mode(target) }
      } catch (error) {
        report(error, request)
        return always
      }
    },
    refusalOf: (session) => session.refused ?? (unavailable === 'pass' ? undefined : session.unavailable),
  }
}
