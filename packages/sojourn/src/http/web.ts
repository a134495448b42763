/** The web-standard side: a `Request` as an exchange, and a `Response` that waits for its commit. */
import type { ReadMode } from '../core/verdict/copies.ts'
import { noteRead, putHeaders, type ResponseHeaders } from './delivery.ts'
import type { WasRead } from './owed.ts'
import type { Exchange } from './exchange.ts'
import type { SessionHandle } from './handle.ts'
import { type Problem, problemOf } from './problem.ts'

/** What a `Request` does not carry and the server knows. */
export interface RequestFacts {
  /** The other end of the connection: the client's address, or a proxy's that `proxies` may name. */
  readonly address?: string
}

export interface RespondOptions extends RequestFacts {
  /** Default: the manager's. */
  readonly mode?: ReadMode
  /** The answer in place of problem JSON when the request is refused or its changes could not be committed. */
  readonly onProblem?: (problem: Problem, request: Request) => Response | Promise<Response>
}

/** A `Request` as adapters describe it to `sessions.open`. Its URL is believed: it is the server that makes it. */
export function webExchange(request: Request, { address }: RequestFacts = {}): Exchange {
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
    isOver: () => request.signal.aborted,
    onRead() {},
    onChange() {},
  }
}

interface Exchanged<Data, Attributes extends object> {
  readonly session: SessionHandle<Data, Attributes>
  readonly handler: (session: SessionHandle<Data, Attributes>) => Response | Promise<Response>
  readonly onProblem: (problem: Problem) => Response | Promise<Response>
}

/** @throws what `handler` throws, or the data's schema, unless it is an error of this library */
export async function respond<Data, Attributes extends object>({
  session,
  handler,
  onProblem,
}: Exchanged<Data, Attributes>): Promise<Response> {
  const refusal = session.refused ?? session.unavailable
  if (refusal !== undefined) return await onProblem(refusal)
  try {
    const answer = await handler(session)
    const committed = await session.settle(answer.status)
    if (committed.kind === 'committed') return withHeaders(answer, committed.headers, session.wasRead)
    if (committed.kind === 'failed' && problemOf(committed.error) === undefined) throw committed.error
    return withHeaders(await onProblem(committed.problem), committed.headers)
  } catch (error) {
    const known = problemOf(error)
    if (known === undefined) throw error
    session.discard()
    const { headers } = await session.settle(known.status)
    return withHeaders(await onProblem(known), headers)
  }
}

function withHeaders(answer: Response, lines: ResponseHeaders, wasRead: WasRead = 'nothing'): Response {
  if (lines.length === 0) return noted(answer, wasRead)
  const response = copyOf(answer)
  noteRead(response.headers, wasRead)
  putHeaders(response.headers, lines)
  return response
}

/** The handler's own response where that can be: servers have quick ways for one that they know. */
function noted(answer: Response, wasRead: WasRead): Response {
  try {
    noteRead(answer.headers, wasRead)
    return answer
  } catch {
    // One of `fetch` cannot be changed.
    const response = copyOf(answer)
    noteRead(response.headers, wasRead)
    return response
  }
}

function copyOf({ body, status, statusText, headers }: Response): Response {
  return new Response(body, { status, statusText, headers: new Headers(headers) })
}

export function problemResponse({ status, headers, body }: Problem): Response {
  return new Response(body, { status, headers })
}
