/**
 * Holding a node response back until its commit is through. The methods that write are replaced on this one
 * response; the first of them that is called starts the commit, and all are repeated in order when it is done.
 * A commit that is refused takes the place of whatever the handler wanted to say.
 */
import type { ServerResponse } from 'node:http'
import type { ResponseHeaders } from '../delivery.ts'
import { type Committed, followedBy } from '../handle.ts'
import { type Problem, problemOf } from '../problem.ts'
import { assertHeaders, type Call, putHeaders, replay, type Writer, WRITERS } from './replay.ts'

const HEADER_WRITERS = ['setHeader', 'appendHeader', 'removeHeader'] as const
type Method = Writer | (typeof HEADER_WRITERS)[number]
type AnyMethod = (...args: unknown[]) => unknown

export interface HeldResponse {
  /** Whether headers have left in truth; the response itself says what the handler has to go by. */
  readonly headersSent: boolean
  /** Sets a header of ours, also when the handler has begun to answer. */
  setHeader(name: string, value: string): void
  /** What the handler has said so far: nothing, something, or all. It waits for the commit. */
  readonly said: 'nothing' | 'something' | 'all'
  /** What was said is not to be sent; this is, when the commit is through. */
  abandon(reason: Problem): void
}

export interface Holding {
  /** Called with the status that the handler chose, and again while more has changed during the commit before. */
  readonly commit: (status: number) => Promise<Committed>
  readonly isChanged: () => boolean
  /** Told when nothing is held any more; later changes need a new hold. */
  readonly onReleased: () => void
  readonly onError: (error: unknown) => void
  /** Writes a problem where the handler's answer would have been. */
  readonly answer: (problem: Problem) => void
}

/**
 * Holds all that writes; once the headers have left, the end alone. What has been said cannot be taken back: the
 * response says that it was sent, or a framework that asks would answer a second time.
 */
export function holdUntilCommitted(response: ServerResponse, holding: Holding): HeldResponse {
  const methods = response as unknown as Record<Method, AnyMethod>
  const { headersSent } = response
  const held: readonly Method[] = headersSent ? ['end'] : [...WRITERS, ...HEADER_WRITERS]
  const originals = new Map(held.map((method) => [method, methods[method]] as const))
  const holders = new Map(
    held.map((method) => [method, isWriter(method) ? hold(method) : guard(method)] as const),
  )
  const calls: Call[] = []
  let abandoned: Problem | undefined
  let isReleased = false
  let isReplaced = false
  let head: Pick<ServerResponse, 'statusCode' | 'statusMessage'> | undefined

  function hold(writer: Writer): AnyMethod {
    return (...args) => {
      // Somebody may have wrapped this in the meantime, and goes on calling it, also with what nobody is to see.
      if (isReplaced) return writer === 'write' ? true : response
      if (isReleased) return (originals.get(writer) as AnyMethod).apply(response, args)
      if (writer === 'writeHead') assertHeaders(args.at(-1))
      // Libraries that ask node's own field write the head again; it has been said.
      if (writer === 'writeHead' && calls.length > 0) return repeated(args)
      if (calls.push({ writer, args }) === 1) begin()
      return writer === 'write' ? false : response
    }
  }

  function guard(method: Method): AnyMethod {
    return (...args) => {
      if (isReleased || calls.length === 0) return (originals.get(method) as AnyMethod).apply(response, args)
      throw tooLate()
    }
  }

  function repeated(args: readonly unknown[]): ServerResponse {
    if (args.length > 1) throw tooLate()
    return response
  }

  function begin(): void {
    head = {
      statusCode: response.statusCode,
      statusMessage: hasMessage(response) ? response.statusMessage : '',
    }
    Object.defineProperties(response, {
      headersSent: { configurable: true, get: () => true },
      writableEnded: { configurable: true, get: () => saysAll() },
    })
    void release()
  }

  /** What was changed about the head since the first write comes too late, as it would have without us. */
  function restore(): void {
    isReleased = true
    for (const name of ['headersSent', 'writableEnded']) Reflect.deleteProperty(response, name)
    for (const [method, original] of originals)
      if (methods[method] === holders.get(method)) methods[method] = original
    if (head === undefined || headersSent) return
    response.statusCode = head.statusCode
    if (hasMessage(response)) response.statusMessage = head.statusMessage
  }

  function saysAll(): boolean {
    return calls.some(({ writer }) => writer === 'end')
  }

  async function release(): Promise<void> {
    const status = statusOf(response, calls[0])
    let outcome = await holding.commit(status)
    // No await between the last look and the release: what comes after it finds nothing held.
    while (outcome.kind === 'committed' && holding.isChanged())
      outcome = followedBy(outcome, await holding.commit(status))
    restore()
    holding.onReleased()
    if (outcome.kind === 'failed' && problemOf(outcome.error) === undefined) holding.onError(outcome.error)
    if (isGone(response)) return
    const reason = abandoned ?? (outcome.kind === 'committed' ? undefined : outcome.problem)
    try {
      if (reason !== undefined) answerInstead(reason, outcome.headers)
      else replay(response, { calls, originals, lines: outcome.headers })
    } catch (error) {
      response.destroy()
      holding.onError(error)
    }
  }

  /** Past whoever wrapped this meanwhile: what they have taken in already belongs to the answer that is not sent. */
  function answerInstead(reason: Problem, headers: ResponseHeaders): void {
    isReplaced = true
    for (const [method, original] of originals) methods[method] = original
    replace(response, holding, { problem: reason, headers })
  }

  for (const [method, holder] of holders) methods[method] = holder
  return {
    headersSent,
    setHeader: (name, value) =>
      void (originals.get('setHeader') ?? methods.setHeader).apply(response, [name, value]),
    get said() {
      if (calls.length === 0) return 'nothing'
      return saysAll() ? 'all' : 'something'
    },
    abandon(reason) {
      abandoned = reason
    },
  }
}

function tooLate(): Error {
  return Object.assign(new Error('Cannot change headers after they are sent to the client'), {
    code: 'ERR_HTTP_HEADERS_SENT',
  })
}

/** HTTP/2 has none, and warns whoever asks. */
function hasMessage({ req }: ServerResponse): boolean {
  return req.httpVersionMajor < 2
}

/** Whether the client has left. A response of HTTP/2 does not say so itself. */
export function isGone(response: ServerResponse): boolean {
  const { stream } = response as ServerResponse & { readonly stream?: { readonly destroyed: boolean } }
  return response.destroyed || stream?.destroyed === true
}

function isWriter(method: Method): method is Writer {
  return (WRITERS as readonly Method[]).includes(method)
}

function statusOf(response: ServerResponse, first: Call | undefined): number {
  const given = first?.writer === 'writeHead' ? first.args[0] : undefined
  return typeof given === 'number' ? given : response.statusCode
}

/** Answers a problem as JSON. */
export function sendProblem(response: ServerResponse, { status, headers, body }: Problem): void {
  response.writeHead(status, headers).end(body)
}

/** Nothing that the handler prepared is left. A response that has begun is cut off instead: it would be a lie. */
function replace(
  response: ServerResponse,
  holding: Holding,
  failed: { readonly problem: Problem; readonly headers: ResponseHeaders },
): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  clearHeaders(response)
  putHeaders(response, failed.headers)
  holding.answer(failed.problem)
}

export function clearHeaders(response: ServerResponse): void {
  if (hasMessage(response)) response.statusMessage = ''
  for (const name of response.getHeaderNames()) response.removeHeader(name)
}
