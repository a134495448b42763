/**
 * Sessions for Koa. The response of a request that changed something waits for the commit; `ctx.body`, streams and
 * `ctx.throw` work as ever.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { owedHeader, type SessionHandle, type Sessions, type WasRead } from '../index.ts'
import { type AttachOptions, attachSessions } from './node.ts'

/** What is used of Koa's context. */
export interface KoaContext {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  respond?: boolean | undefined
}

export interface KoaSessions<Data, Attributes extends object> {
  /** Puts the handle at `ctx.session`; answers a write from another site (403) and what nobody can check (503). */
  (context: KoaContext, next: () => Promise<unknown>): Promise<void>
  /** The handle of a context that passed through, typed. @throws InputError `NOT_ATTACHED` */
  of(context: KoaContext): SessionHandle<Data, Attributes>
}

/** `app.use(koaSessions(sessions))`. @throws ConfigError */
export function koaSessions<Data, Attributes extends object, Context extends KoaContext = KoaContext>(
  sessions: Sessions<Data, Attributes>,
  options: AttachOptions<IncomingMessage, ServerResponse, Context> = {},
): KoaSessions<Data, Attributes> {
  const { attach, of } = attachSessions(sessions, options)

  async function middleware(context: KoaContext, next: () => Promise<unknown>): Promise<void> {
    const attached = attach(context.req, context.res, context)
    const session = attached instanceof Promise ? await attached : attached
    if (session === undefined) {
      context.respond = false
      return
    }
    try {
      await next()
    } catch (error) {
      session.discard()
      if (error instanceof Error) bringAlong(error, session.wasRead)
      throw error
    }
  }

  return Object.assign(middleware, { of })
}

/** Koa removes all headers before it answers an error, and sets those that the error brings, where it can bring any. */
function bringAlong(error: Error & { headers?: Readonly<Record<string, string>> }, wasRead: WasRead): void {
  const entries = Object.entries(error.headers ?? {})
  const own = Object.fromEntries(entries.map(([name, value]) => [name.toLowerCase(), value]))
  const owed = owedHeader(wasRead, (name) => own[name])
  if (owed === undefined) return
  const [name, value] = owed
  Reflect.set(error, 'headers', { ...own, [name]: value })
}
