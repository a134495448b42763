/**
 * The doors that one application is served through. Each adapter turns the neutral `Handler` into what its
 * framework's users write, so that every scenario runs over all of them.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { SessionHandle, Sessions } from 'sojourn'
import { withSessions } from 'sojourn/node'
import { requestBridge } from './bridge.ts'
import { drained } from './draining.ts'

export interface AppData {
  readonly cart: readonly string[]
  readonly theme: string
  readonly count: number
  readonly note: string
}

export interface AppAttributes {
  readonly role: string
}

export type AppSessions = Sessions<AppData, AppAttributes>
export type AppHandle = SessionHandle<AppData, AppAttributes>

export interface Visit {
  readonly method: string
  readonly url: URL
  readonly session: AppHandle
}

export interface Answer {
  readonly status?: number
  readonly headers?: readonly (readonly [name: string, value: string])[]
  /** Several pieces are written one by one, each when the one before has been taken. */
  readonly body?: string | AsyncIterable<Uint8Array> | Iterable<Uint8Array>
}

export type Handler = (visit: Visit) => Answer | Promise<Answer>

export interface ServeOptions {
  readonly unavailable?: 'respond' | 'pass'
  readonly onError: (error: unknown) => void
}

export interface Adapter {
  readonly name: string
  listener(sessions: AppSessions, handler: Handler, options: ServeOptions): RequestListener
}

const node: Adapter = {
  name: 'node',
  listener: (sessions, handler, { unavailable, onError }) =>
    withSessions(
      sessions,
      async (request, response, session) =>
        await sendNode(response, await handler({ ...targetOf(request), session })),
      { onError, ...(unavailable === undefined ? {} : { unavailable }) },
    ),
}

const web: Adapter = {
  name: 'web',
  listener: (sessions, handler, { unavailable, onError }) =>
    requestBridge(async (request, facts) => {
      const visit = { method: request.method, url: new URL(request.url) }
      if (unavailable !== 'pass')
        return await sessions.respond(
          request,
          async (session) => responseOf(await handler({ ...visit, session })),
          facts,
        )
      const session = await sessions.get(request, facts)
      const answer = responseOf(await handler({ ...visit, session }))
      const committed = await session.commit(answer.headers)
      return committed.kind === 'committed' ? answer : new Response(committed.problem.body, committed.problem)
    }, onError),
}

export const ADAPTERS: readonly [Adapter, ...Adapter[]] = [node, web]

function targetOf(request: IncomingMessage): { method: string; url: URL } {
  return { method: request.method ?? 'GET', url: new URL(request.url ?? '/', 'http://localhost') }
}

async function sendNode(
  response: ServerResponse,
  { status = 200, headers = [], body = '' }: Answer,
): Promise<void> {
  for (const [name, value] of headers) response.appendHeader(name, value)
  response.statusCode = status
  if (typeof body === 'string') {
    response.end(body)
    return
  }
  for await (const piece of body) if (!response.write(piece)) await drained(response)
  response.end()
}

function responseOf({ status = 200, headers = [], body = '' }: Answer): Response {
  const init = { status, headers: headers.map(([name, value]): [string, string] => [name, value]) }
  if (typeof body === 'string') return new Response(body === '' ? null : body, init)
  return new Response(ReadableStream.from(body), init)
}
