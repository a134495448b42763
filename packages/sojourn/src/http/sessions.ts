/**
 * `createSessions`: the engine with its transports. This is the library's main door; adapters use `open`, and
 * applications on web standards use `get` and `respond`.
 */
import { BEARER, findBearer } from '../transport/bearer.ts'
import { type CookieOptions, type CookieSettings, findToken, readCookieOptions } from '../transport/cookie.ts'
import { createManager, type SessionManager } from '../core/manager.ts'
import { type Duration, parseDuration } from '../core/duration.ts'
import type { ConfigProblem } from '../core/errors.ts'
import type { Environment } from '../core/environment.ts'
import { MANAGER_OPTIONS, type ManagerOptions, readOptions } from '../core/options.ts'
import { unknownKeys } from '../core/unknown-keys.ts'
import type { MaybePromise, Verdict } from '../core/verify.ts'
import type { Exchange } from './exchange.ts'
import type { Presentation } from './delivery.ts'
import { type HandleParts, SessionHandle } from './handle.ts'
import { type RequestFacts, respond, webExchange } from './web.ts'

export interface SessionsOptions<Data> extends ManagerOptions<Data> {
  /** Where clients carry their tokens. Default `cookie`; with `both`, an `Authorization` header goes before the cookie. */
  readonly transport?: 'cookie' | 'bearer' | 'both'
  readonly cookie?: CookieOptions
  /**
   * Ending sessions other than one's own through a handle needs an authentication at most this old (ASVS 7.5.2).
   * Default `'10m'`; `false` switches the demand off.
   */
  readonly reauthenticateWithin?: Duration | false
}

export interface Sessions<Data, Attributes extends object> extends SessionManager<Data, Attributes> {
  /** Checks a request that an adapter describes. Synchronous when the check is. Never throws. */
  open(exchange: Exchange): MaybePromise<SessionHandle<Data, Attributes>>
  /** Checks a web-standard request. Call `commit(headers)` on the handle before answering. */
  get(request: Request, facts?: RequestFacts): Promise<SessionHandle<Data, Attributes>>
  /**
   * Runs `handler` with the request's session and commits before its answer leaves. Answers 503 itself when the
   * session cannot be checked, and a problem when the changes could not be committed.
   */
  respond(
    request: Request,
    handler: (session: SessionHandle<Data, Attributes>) => Response | Promise<Response>,
    facts?: RequestFacts,
  ): Promise<Response>
}

interface Surroundings {
  readonly environment: Environment
  readonly production: boolean
}

/** `createSessions` with the surroundings as values. @throws ConfigError */
export function createSessionsIn<Data, Attributes extends object>(
  options: SessionsOptions<Data>,
  surroundings: Surroundings,
): Sessions<Data, Attributes> {
  const transports = readTransports(options, surroundings.production)
  const settings = readOptions(options, transports.problems)
  const { manager, internals } = createManager<Data, Attributes>(settings, {
    store: options.store,
    environment: surroundings.environment,
  })
  const parts: HandleParts<Data, Attributes> = { manager, internals, ...transports }
  const { cookie, bearer } = transports
  const unpresented: Presentation = { transport: cookie?.name ?? BEARER, token: '' }

  function present(exchange: Exchange): Presentation | 'duplicate' | 'malformed' {
    const fromHeader = bearer ? findBearer(exchange.authorization) : undefined
    if (fromHeader?.kind === 'found') return { transport: BEARER, token: fromHeader.token }
    if (fromHeader?.kind === 'malformed') return 'malformed'
    if (cookie === undefined) return unpresented
    const found = findToken(exchange.cookie, cookie)
    if (found.kind === 'duplicate') return 'duplicate'
    return found.kind === 'found' ? { transport: found.name, token: found.token } : unpresented
  }

  function open(exchange: Exchange): MaybePromise<SessionHandle<Data, Attributes>> {
    const presented = present(exchange)
    if (typeof presented === 'string') return unusable(exchange, presented)
    const verdict = manager.verify(presented.token, presented.transport)
    const handle = (checked: Verdict<Data, Attributes>): SessionHandle<Data, Attributes> =>
      new SessionHandle(parts, exchange, { presented, verdict: checked })
    return verdict instanceof Promise ? verdict.then(handle) : handle(verdict)
  }

  function unusable(exchange: Exchange, reason: 'duplicate' | 'malformed'): SessionHandle<Data, Attributes> {
    const transport = reason === 'malformed' ? BEARER : unpresented.transport
    internals.emit('token.rejected', { reason, transport })
    return new SessionHandle(parts, exchange, {
      presented: { transport, token: '' },
      verdict: { kind: 'none', reason: 'malformed' },
    })
  }

  const sessions: Sessions<Data, Attributes> = {
    ...manager,
    open,
    get: async (request, facts = {}) => await open(webExchange(request, facts)),
    respond: async (request, handler, facts = {}) =>
      await respond(await sessions.get(request, facts), handler),
  }
  return sessions
}

const TRANSPORT_OPTIONS: readonly string[] = ['transport', 'cookie', 'reauthenticateWithin']
const USUAL_REAUTHENTICATION: Duration = '10m'

interface Transports {
  readonly cookie: CookieSettings | undefined
  readonly bearer: boolean
  readonly reauthenticateWithin: Duration | undefined
  readonly problems: readonly ConfigProblem[]
}

function readTransports<Data>(options: SessionsOptions<Data>, production: boolean): Transports {
  const transport = options.transport ?? 'cookie'
  const strict = options.lifetime?.profile === 'aal3'
  const isObject =
    options.cookie === undefined ||
    (typeof options.cookie === 'object' && options.cookie !== null && !Array.isArray(options.cookie))
  const cookie = readCookieOptions(isObject ? (options.cookie ?? {}) : {}, {
    sameSite: strict ? 'strict' : 'lax',
  })
  const within = options.reauthenticateWithin ?? USUAL_REAUTHENTICATION
  const problems: ConfigProblem[] = [
    ...unknownKeys('', options, [...MANAGER_OPTIONS, ...TRANSPORT_OPTIONS]),
    ...cookie.problems,
  ]
  if (!isObject) problems.push({ path: 'cookie', message: 'Write an object.' })
  if (!['cookie', 'bearer', 'both'].includes(transport))
    problems.push({ path: 'transport', message: "Write 'cookie', 'bearer' or 'both'." })
  if (transport === 'bearer' && options.cookie !== undefined)
    problems.push({
      path: 'cookie',
      message: "These sessions use no cookies. Remove it, or set `transport` to 'cookie' or 'both'.",
    })
  if (within !== false && parseDuration(within) === undefined)
    problems.push({ path: 'reauthenticateWithin', message: "Write a duration such as '10m', or false." })
  if (production && options.cookie?.unsafeDevelopmentName !== undefined) {
    problems.push({
      path: 'cookie.unsafeDevelopmentName',
      message:
        'It is for development and NODE_ENV says production. Remove it; the default name works on localhost in Chromium and Firefox.',
    })
  }
  return {
    cookie: transport === 'bearer' ? undefined : cookie.settings,
    bearer: transport !== 'cookie',
    reauthenticateWithin: within === false ? undefined : within,
    problems,
  }
}
