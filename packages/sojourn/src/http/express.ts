/**
 * Sessions for Express, and for whatever else calls `(request, response, next)` on top of `node:http`. The response
 * of a request that changed something waits for the commit; routes and error handlers need not know.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { SessionHandle, Sessions } from '../index.ts'
import { type AttachOptions, attachSessions } from './node.ts'

export interface ExpressSessions<Data, Attributes extends object> {
  /** Puts the handle at `request.session`; answers a write from another site (403) and what nobody can check (503). */
  (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void): void
  /** The handle of a request that passed through, typed. @throws InputError `NOT_ATTACHED` */
  of(request: IncomingMessage): SessionHandle<Data, Attributes>
}

/** `app.use(expressSessions(sessions))`. @throws ConfigError */
export function expressSessions<
  Data,
  Attributes extends object,
  Request extends IncomingMessage = IncomingMessage,
  Response extends ServerResponse = ServerResponse,
>(
  sessions: Sessions<Data, Attributes>,
  options: AttachOptions<Request, Response> = {},
): ExpressSessions<Data, Attributes> {
  const { attach, of } = attachSessions(sessions, options)

  function middleware(
    request: IncomingMessage,
    response: ServerResponse,
    next: (error?: unknown) => void,
  ): void {
    const goOn = (session: unknown): void => {
      if (session !== undefined) next()
    }
    const attached = attach(request, response, request)
    if (attached instanceof Promise) attached.then(goOn, next)
    else goOn(attached)
  }

  return Object.assign(middleware, { of })
}
