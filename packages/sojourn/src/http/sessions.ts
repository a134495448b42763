/**
 * `createSessions`: the engine with its transports. This is the library's main door; adapters use `open`, and
 * applications on web standards use `get` and `respond`.
 */
import { BEARER, findBearer } from '../transport/bearer.ts'
import { type CookieOptions, type CookieSettings, findToken, readCookieOptions } from '../transport/cookie.ts'
import { createManager, type SessionManager } from '../core/manager.ts'
import { type Duration, parseDuration } from '../core/policy/duration.ts'
import type { ConfigProblem } from '../core/errors.ts'
import type { Environment } from '../core/environment.ts'
import { MANAGER_OPTIONS, type ManagerOptions, readOptions } from '../core/policy/options.ts'
import { type CsrfOptions, type CsrfSettings, readCsrfOptions } from '../guard/cross-origin.ts'
import { csrfScope } from '../guard/csrf-token.ts'
import { type ProxyOptions, type ProxySettings, readProxyOptions } from '../guard/proxy-options.ts'
import { crossingOf } from './crossing.ts'
import { unknownKeys } from '../core/policy/unknown-keys.ts'
import type { MaybePromise, VerifyOptions } from '../core/verdict/verify.ts'
import type { Exchange } from './exchange.ts'
import type { Presentation } from './delivery.ts'
import { type HandleParts, SessionHandle } from './handle.ts'
import { problemResponse, type RequestFacts, respond, type RespondOptions, webExchange } from './web.ts'

export interface SessionsOptions<Data> extends ManagerOptions<Data> {
  /** Where clients carry their tokens. Default `cookie`; with `both`, an `Authorization` header goes before the cookie. */
  readonly transport?: 'cookie' | 'bearer' | 'both'
  readonly cookie?: CookieOptions
  /** The proxies in front, whose word about the client's address and scheme is believed. Default: none. */
  readonly proxies?: ProxyOptions
  /** Which writes from other sites' pages are refused. On by default; `false` switches it off. */
  readonly csrf?: CsrfOptions | false
  /**
   * Ending sessions other than one's own through a handle needs an authentication at most this old (ASVS 7.5.2).
   * Default `'10m'`; `false` switches the demand off.
   */
  readonly reauthenticateWithin?: Duration | false
}

export interface Sessions<Data = Record<string, unknown>, Attributes extends object = Record<string, unknown>>
  extends SessionManager<Data, Attributes> {
  /** Checks a request that an adapter describes. Synchronous when the check is. Never throws. */
  open(exchange: Exchange, options?: VerifyOptions): MaybePromise<SessionHandle<Data, Attributes>>
  /** Checks a web-standard request. Call `commit(headers)` on the handle before answering. */
  get(request: Request, facts?: RequestFacts & VerifyOptions): Promise<SessionHandle<Data, Attributes>>
  /**
   * Runs `handler` with the request's session and commits before its answer leaves. Answers 503 itself when the
   * session cannot be checked, and a problem when the changes could not be committed.
   */
  respond(
    request: Request,
    handler: (session: SessionHandle<Data, Attributes>) => Response | Promise<Response>,
    options?: RespondOptions,
  ): Promise<Response>
}

/** The handle that these sessions give out: `HandleOf<typeof sessions>`. */
export type HandleOf<S> =
  S extends Sessions<infer Data, infer Attributes> ? SessionHandle<Data, Attributes> : never

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
  const { environment } = surroundings
  const parts: HandleParts<Data, Attributes> = {
    manager,
    internals,
    ...transports,
    forms: { scope: csrfScope(settings.ring, settings.deployment, settings.realm), environment },
  }
  const { cookie, bearer, csrf, proxies } = transports
  const unpresented: Presentation = { transport: cookie?.name ?? BEARER, token: '' }

  function open(
    exchange: Exchange,
    asked: VerifyOptions = {},
  ): MaybePromise<SessionHandle<Data, Attributes>> {
    const fromHeader = bearer ? findBearer(exchange.header('authorization')) : undefined
    if (fromHeader?.kind === 'found')
      return check(exchange, { transport: BEARER, token: fromHeader.token }, asked)
    if (fromHeader?.kind === 'malformed') return unusable(exchange, 'malformed')
    if (cookie === undefined) return check(exchange, unpresented, asked)
    // A browser sends cookies unasked, so who asked it to is part of the question.
    if (csrf !== undefined && isBarred(exchange, csrf)) return barred(exchange)
    const found = findToken(exchange.header('cookie'), cookie)
    if (found.kind === 'duplicate') return unusable(exchange, 'duplicate')
    if (found.kind === 'absent') return check(exchange, unpresented, asked)
    // Under a former name the client is given its token anew: not one that was replaced, which a copy may not know.
    const isFormer = found.name !== cookie.name
    return check(
      exchange,
      { transport: found.name, token: found.token },
      isFormer ? { mode: 'strict' } : asked,
    )
  }

  function check(
    exchange: Exchange,
    presented: Presentation,
    asked: VerifyOptions,
  ): MaybePromise<SessionHandle<Data, Attributes>> {
    const verdict = manager.verify(presented.token, presented.transport, asked)
    return verdict instanceof Promise
      ? verdict.then(
          (checked) => new SessionHandle(parts, exchange, { presented, verdict: checked, barred: false }),
        )
      : new SessionHandle(parts, exchange, { presented, verdict, barred: false })
  }

  function barred(exchange: Exchange): SessionHandle<Data, Attributes> {
    const verdict = { kind: 'none', reason: 'absent' } as const
    return new SessionHandle(parts, exchange, { presented: unpresented, verdict, barred: true })
  }

  function isBarred(exchange: Exchange, guard: CsrfSettings): boolean {
    const reason = crossingOf(exchange, guard, proxies)
    if (reason === undefined) return false
    const refused = guard.mode === 'enforce'
    const [path = ''] = exchange.url.split('?', 1)
    internals.emit('csrf.rejected', { reason, refused, origin: exchange.header('origin'), path })
    return refused
  }

  function unusable(exchange: Exchange, reason: 'duplicate' | 'malformed'): SessionHandle<Data, Attributes> {
    const transport = reason === 'malformed' ? BEARER : unpresented.transport
    internals.emit('token.rejected', { reason, transport })
    return new SessionHandle(parts, exchange, {
      presented: { transport, token: '' },
      verdict: { kind: 'none', reason: 'malformed' },
      barred: false,
    })
  }

  const sessions: Sessions<Data, Attributes> = {
    ...manager,
    open,
    get: async (request, facts = {}) => await open(webExchange(request, facts), facts),
    async respond(request, handler, { onProblem = problemResponse, ...facts } = {}) {
      const session = await sessions.get(request, facts)
      return await respond({ session, handler, onProblem: (problem) => onProblem(problem, request) })
    },
  }
  return sessions
}

const TRANSPORT_OPTIONS: readonly string[] = [
  'transport',
  'cookie',
  'proxies',
  'csrf',
  'reauthenticateWithin',
]
const USUAL_REAUTHENTICATION: Duration = '10m'

interface Transports {
  readonly cookie: CookieSettings | undefined
  readonly bearer: boolean
  readonly proxies: ProxySettings | undefined
  readonly csrf: CsrfSettings | undefined
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
  const proxies = readProxyOptions(options.proxies)
  const csrf = readCsrfOptions(options.csrf)
  const within = options.reauthenticateWithin ?? USUAL_REAUTHENTICATION
  const problems: ConfigProblem[] = [
    ...unknownKeys('', options, [...MANAGER_OPTIONS, ...TRANSPORT_OPTIONS]),
    ...cookie.problems,
    ...proxies.problems,
    ...csrf.problems,
  ]
  if (!isObject) problems.push({ path: 'cookie', message: 'Write an object.' })
  if (!['cookie', 'bearer', 'both'].includes(transport))
    problems.push({ path: 'transport', message: "Write 'cookie', 'bearer' or 'both'." })
  if (transport === 'bearer' && options.cookie !== undefined)
    problems.push({
      path: 'cookie',
      message: "These sessions use no cookies. Remove it, or set `transport` to 'cookie' or 'both'.",
    })
  if (transport === 'bearer' && typeof options.csrf === 'object')
    problems.push({
      path: 'csrf',
      message:
        "Browsers send no bearer tokens unasked, so nothing is checked. Remove it, or set `transport` to 'cookie' or 'both'.",
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
    proxies: proxies.settings,
    csrf: csrf.settings,
    reauthenticateWithin: within === false ? undefined : within,
    problems,
  }
}
