/**
 * Sessions for Hono, on any server that gives it a `Request`. What a request changed is committed when its handlers
 * have answered and before anybody sees the answer.
 */
import type { Context, MiddlewareHandler } from 'hono'
import { type Exchange, type Problem, problemOf, type SessionHandle, type Sessions } from '../index.ts'

export interface HonoOptions {
  /**
   * When the session cannot be checked: `respond` (default) answers 503 before the handlers run; `pass` runs them,
   * and `session.verdict` says `unavailable`.
   */
  readonly unavailable?: 'respond' | 'pass'
  /** The answer in place of problem JSON when a request is refused or its changes could not be committed. */
  readonly onProblem?: (problem: Problem, context: Context) => Response | Promise<Response>
  /** The client's address. Default: as `@hono/node-server` knows it. */
  readonly address?: (context: Context) => string | undefined
}

interface Env<Data, Attributes extends object> {
  Variables: { session: SessionHandle<Data, Attributes> }
}

/**
 * `app.use(honoSessions(sessions))`: puts the handle at `c.var.session`; answers a write from another site (403) and
 * what nobody can check (503).
 */
export function honoSessions<Data, Attributes extends object>(
  sessions: Sessions<Data, Attributes>,
  { unavailable = 'respond', onProblem = problemJson, address = socketAddress }: HonoOptions = {},
): MiddlewareHandler<Env<Data, Attributes>> {
  async function replace(context: Context, problem: Problem): Promise<void> {
    // The headers of an answer that is there would be copied.
    context.res = undefined
    context.res = await onProblem(problem, context)
  }

  return async (context, next) => {
    const exchange = new HonoExchange(context, address)
    const opened = sessions.open(exchange)
    const session = opened instanceof Promise ? await opened : opened
    const refusal = session.refused ?? (unavailable === 'pass' ? undefined : session.unavailable)
    if (refusal !== undefined) return await onProblem(refusal, context)
    context.set('session', session)
    await next()
    const thrown = context.error === undefined ? undefined : problemOf(context.error)
    if (thrown !== undefined && context.res.status === 500) await replace(context, thrown)
    if (context.res.status >= 500) session.discard()
    if (exchange.hasChanged) {
      const committed = await session.commit()
      if (committed.kind !== 'committed') await replace(context, committed.problem)
      for (const [name, value] of committed.headers)
        context.header(name, value, { append: name !== 'cache-control' })
    }
    session.finish()
    if (session.wasRead && !context.res.headers.has('cache-control'))
      context.header('cache-control', 'no-store')
    return undefined
  }
}

/** One request of Hono, as the core sees it. */
class HonoExchange implements Exchange {
  hasChanged = false
  readonly headersSent = never
  readonly isOver = never
  readonly #context: Context
  readonly #address: NonNullable<HonoOptions['address']>

  constructor(context: Context, address: NonNullable<HonoOptions['address']>) {
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

  get peer(): string {
    return this.#address(this.#context) ?? 'unseen'
  }

  get host(): string | undefined {
    return URL.parse(this.#context.req.url)?.host
  }

  header(name: string): string | undefined {
    return this.#context.req.header(name)
  }

  onRead(): void {
    this.#context.header('cache-control', 'no-store')
  }

  onChange(): void {
    this.hasChanged = true
  }
}

/** No response is there before the handlers are done. */
function never(): boolean {
  return false
}

function problemJson(problem: Problem): Response {
  return new Response(problem.body, problem)
}

function socketAddress({ env }: Context): string | undefined {
  const { incoming } = (env ?? {}) as { incoming?: { socket?: { remoteAddress?: string } } }
  return incoming?.socket?.remoteAddress
}
