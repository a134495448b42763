/** The web-standard side: a `Request` as an exchange, and a `Response` that waits for its commit. */
import { putHeaders, type ResponseHeaders } from './delivery.ts'
import type { Exchange } from './exchange.ts'
import type { Committed, SessionHandle } from './handle.ts'
import { type Problem, problemOf } from './problem.ts'

/** What a `Request` does not carry and the server knows. */
export interface RequestFacts {
  /** The client's address, for the device list. */
  readonly address?: string
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/
/** A proxy stands between: its own connection to us says nothing about the client's. */
const FORWARDED: readonly string[] = ['forwarded', 'x-forwarded-for', 'x-forwarded-proto', 'via']

/** Whether a request for this host, without proxy on the way, comes from this machine. */
export function isLoopbackRequest(hostname: string, hasHeader: (name: string) => boolean): boolean {
  return LOOPBACK.test(hostname) && !FORWARDED.some(hasHeader)
}

export function webExchange(request: Request, facts: RequestFacts): Exchange {
  const { headers } = request
  return {
    cookie: headers.get('cookie') ?? undefined,
    authorization: headers.get('authorization') ?? undefined,
    connection() {
      const { protocol, hostname } = new URL(request.url)
      if (protocol === 'https:') return 'https'
      return isLoopbackRequest(hostname, (name) => headers.has(name)) ? 'loopback' : 'insecure'
    },
    address: () => facts.address,
    userAgent: () => headers.get('user-agent') ?? undefined,
    headersSent: () => false,
    isOver: () => false,
    onRead() {},
    onChange() {},
  }
}

type Handler<Data, Attributes extends object> = (
  session: SessionHandle<Data, Attributes>,
) => Response | Promise<Response>

/** @throws what `handler` throws, unless it is an error of this library */
export async function respond<Data, Attributes extends object>(
  session: SessionHandle<Data, Attributes>,
  handler: Handler<Data, Attributes>,
): Promise<Response> {
  if (session.unavailable !== undefined) return problemResponse(session.unavailable, [])
  try {
    const answer = await handler(session)
    const committed = await session.commit()
    session.finish()
    return answerTo(session, answer, committed)
  } catch (error) {
    const known = problemOf(error)
    if (known === undefined) throw error
    session.discard()
    const { headers } = await session.commit()
    return problemResponse(known, headers)
  }
}

function answerTo<Data, Attributes extends object>(
  session: SessionHandle<Data, Attributes>,
  answer: Response,
  committed: Committed,
): Response {
  if (committed.kind !== 'committed') return problemResponse(committed.problem, committed.headers)
  const headers = new Headers(answer.headers)
  if (session.wasRead && !headers.has('cache-control')) headers.set('cache-control', 'no-store')
  putHeaders(headers, committed.headers)
  return new Response(answer.body, { status: answer.status, statusText: answer.statusText, headers })
}

function problemResponse({ status, headers, body }: Problem, lines: ResponseHeaders): Response {
  const all = new Headers(headers)
  putHeaders(all, lines)
  return new Response(body, { status, headers: all })
}
