/**
 * Sessions for Hono, on any server that gives it a `Request`. What a request changed is committed when its handlers
 * have answered and before anybody sees the answer.
 */
import type { Context, MiddlewareHandler } from 'hono'
import {
  assertAdapterOptions,
  type Committed,
  owedHeader,
  type Problem,
  problemOf,
  type ReadMode,
  type SessionHandle,
  type Sessions,
  varied,
} from '../index.ts'
import { HonoExchange } from './hono/exchange.ts'

export interface HonoOptions<Property extends string = 'session'> {
  /** The variable's name. Default `session`; another one for a second realm beside the first. */
  readonly property?: Property
  /** How late the check may see a revocation that was made elsewhere, or a function that says so for each request. Default: the manager's. */
  readonly mode?: ReadMode | ((context: Context) => ReadMode)
  /**
   * When the session cannot be checked: `respond` (default) answers 503 before the handlers run; `pass` runs them,
   * and `session.verdict` says `unavailable`.
   */
  readonly unavailable?: 'respond' | 'pass'
  /** The answer in place of problem JSON when a request is refused or its changes could not be committed. */
  readonly onProblem?: (problem: Problem, context: Context) => Response | Promise<Response>
  /** The other end of the connection. Default: as `@hono/node-server` knows it. */
  readonly address?: (context: Context) => string | undefined
}

/** What the middleware adds to an application's environment. */
export interface HonoSessionsEnv<Data, Attributes extends object, Property extends string = 'session'> {
  Variables: Record<Property, SessionHandle<Data, Attributes>>
}

/**
 * `app.use(honoSessions(sessions))`: puts the handle at `c.var.session`; answers a write from another site (403) and
 * what nobody can check (503). @throws ConfigError
 */
export function honoSessions<Data, Attributes extends object, Property extends string = 'session'>(
  sessions: Sessions<Data, Attributes>,
  options: HonoOptions<Property> = {},
): MiddlewareHandler<HonoSessionsEnv<Data, Attributes, Property>> {
  assertAdapterOptions(options, ['property', 'mode', 'unavailable', 'onProblem', 'address'])
  const { property = 'session', mode, unavailable, onProblem = problemJson, address } = options

  const place: unique symbol = Symbol('sojourn session')

  async function replace(context: Context, problem: Problem): Promise<void> {
    // The headers of an answer that is there would be copied.
    context.res = undefined
    context.res = await onProblem(problem, context)
    for (const [name, value] of told.get(context) ?? []) setHeader(context, name, value)
  }

  return async (context: Context, next) => {
    // Registered twice: two handles on one session would end one another's tokens.
    const holder: Context & { [place]?: true } = context
    if (holder[place] === true) return await next()
    holder[place] = true
    const exchange = new HonoExchange(context, address)
    const opened = sessions.open(exchange, { mode: typeof mode === 'function' ? mode(context) : mode })
    const session = opened instanceof Promise ? await opened : opened
    const refusal = session.refused ?? (unavailable === 'pass' ? undefined : session.unavailable)
    if (refusal !== undefined) return await onProblem(refusal, context)
    context.set(property, session)
    await next()
    const thrown = context.error === undefined ? undefined : problemOf(context.error)
    if (thrown !== undefined && context.res.status === 500) await replace(context, thrown)
    if (context.error !== undefined) session.discard()
    const committed = exchange.hasChanged ? await session.settle(context.res.status) : NOTHING
    session.finish()
    if (committed.kind !== 'committed') await replace(context, committed.problem)
    for (const [name, value] of committed.headers) setHeader(context, name, value)
    if (committed.headers.length > 0) told.set(context, [...(told.get(context) ?? []), ...committed.headers])
    if (committed.kind === 'failed' && problemOf(committed.error) === undefined) throw committed.error
    const owed = exchange.isPrivate
      ? undefined
      : owedHeader(session.wasRead, (name) => context.res.headers.get(name))
    if (owed !== undefined) context.header(...owed)
    return undefined
  }
}

function setHeader(context: Context, name: string, value: string): void {
  if (name === 'set-cookie') context.header(name, value, { append: true })
  else context.header(name, name === 'vary' ? varied(context.res.headers.get(name)) : value)
}

/** What told the client of its tokens, of whatever realm: a problem in the answer's place brings it along. */
const told = new WeakMap<Context, Committed['headers']>()
const NOTHING: Committed = { kind: 'committed', headers: [] }

function problemJson(problem: Problem): Response {
  return new Response(problem.body, problem)
}
