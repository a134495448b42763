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

export function webExchange(request: Request, { address }: RequestFacts): Exchange {
  const { headers, method, url } = request
  const header = (name: string): string | undefined => headers.get(name) ?? undefined
  return {
    method,
    get url() {
      const { pathname, search } = new URL(url)
      return pathname + search
    },
    header,
    peer: address ?? 'unseen',
    encrypted: url.startsWith('https:'),
    get host() {
      return new URL(url).host
    },
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
  const refusal = session.refused ?? session.unavailable
  if (refusal !== undefined) return problemResponse(refusal, [])
  try {
    const answer = await handler(session)
    if (answer.status >= 500) session.discard()
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
