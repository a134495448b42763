/** The web-standard side: a `Request` as an exchange, and a `Response` that waits for its commit. */
import type { Exchange } from './exchange.ts'
import { putHeaders, type ResponseHeaders, type SessionHandle } from './handle.ts'
import { type Problem, problemOf } from './problem.ts'

/** What a `Request` does not carry and the server knows. */
export interface RequestFacts {
  /** The client's address, for the device list. */
  readonly address?: string
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/

export function isLoopbackHost(hostname: string): boolean {
  return LOOPBACK.test(hostname)
}

export function webExchange(request: Request, facts: RequestFacts): Exchange {
  return {
    cookie: request.headers.get('cookie') ?? undefined,
    authorization: request.headers.get('authorization') ?? undefined,
    connection() {
      const { protocol, hostname } = new URL(request.url)
      if (protocol === 'https:') return 'https'
      return isLoopbackHost(hostname) ? 'loopback' : 'insecure'
    },
    address: () => facts.address,
    userAgent: () => request.headers.get('user-agent') ?? undefined,
    headersSent: () => false,
    onRead() {},
    onChange() {},
  }
}

export async function respond<Data, Attributes extends object>(
  session: SessionHandle<Data, Attributes>,
  handler: (session: SessionHandle<Data, Attributes>) => Response | Promise<Response>,
): Promise<Response> {
  if (session.unavailable !== undefined) return problemResponse(session.unavailable)
  try {
    const answer = await handler(session)
    const committed = await session.commit()
    return committed.kind === 'committed'
      ? withHeaders(answer, session, committed.headers)
      : problemResponse(committed.problem)
  } catch (error) {
    const known = problemOf(error)
    if (known === undefined) throw error
    return problemResponse(known)
  }
}

function withHeaders<Data, Attributes extends object>(
  answer: Response,
  session: SessionHandle<Data, Attributes>,
  lines: ResponseHeaders,
): Response {
  const headers = new Headers(answer.headers)
  if (session.wasRead && !headers.has('cache-control')) headers.set('cache-control', 'no-store')
  putHeaders(headers, lines)
  return new Response(answer.body, { status: answer.status, statusText: answer.statusText, headers })
}

function problemResponse({ status, headers, body }: Problem): Response {
  return new Response(body, { status, headers })
}
