/**
 * Holding a node response back until its commit is through. The methods that write are replaced on this one
 * response; the first of them that is called starts the commit, and all are repeated in order when it is done.
 * A commit that is refused takes the place of whatever the handler wanted to say.
 */
import {
  type OutgoingHttpHeaders,
  type ServerResponse,
  validateHeaderName,
  validateHeaderValue,
} from 'node:http'
import type { ResponseHeaders } from '../delivery.ts'
import type { Committed } from '../handle.ts'
import { type Problem, problem, problemOf } from '../problem.ts'

const WRITERS = ['writeHead', 'flushHeaders', 'write', 'end'] as const
type Writer = (typeof WRITERS)[number]
type AnyMethod = (...args: unknown[]) => unknown

interface Call {
  readonly writer: Writer
  readonly args: readonly unknown[]
}

export interface HeldResponse {
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

/** Holds all that writes; once the headers have left, the end alone. */
export function holdUntilCommitted(response: ServerResponse, holding: Holding): HeldResponse {
  const methods = response as unknown as Record<Writer, AnyMethod>
  const held: readonly Writer[] = response.headersSent ? ['end'] : WRITERS
  const originals = new Map(held.map((writer) => [writer, methods[writer]] as const))
  const holders = new Map(held.map((writer) => [writer, hold(writer)] as const))
  const calls: Call[] = []
  let abandoned: Problem | undefined
  let isReleased = false

  function hold(writer: Writer): AnyMethod {
    return (...args) => {
      // Somebody may have wrapped this in the meantime, and goes on calling it.
      if (isReleased) return (originals.get(writer) as AnyMethod).apply(response, args)
      if (writer === 'writeHead') assertHeaders(args.at(-1))
      if (calls.push({ writer, args }) === 1) void release()
      return writer === 'write' ? false : response
    }
  }

  async function release(): Promise<void> {
    const status = statusOf(response, calls[0])
    let outcome = await committed(holding, status)
    // No await between the last look and the release: what comes after it finds nothing held.
    while (outcome.kind === 'committed' && holding.isChanged())
      outcome = followedBy(outcome, await committed(holding, status))
    isReleased = true
    for (const [writer, original] of originals)
      if (methods[writer] === holders.get(writer)) methods[writer] = original
    holding.onReleased()
    if (response.destroyed) return
    try {
      if (abandoned !== undefined) replace(response, holding, { ...outcome, problem: abandoned })
      else if (outcome.kind === 'failed') replace(response, holding, outcome)
      else replay(response, { calls, originals, lines: outcome.headers })
    } catch (error) {
      response.destroy()
      holding.onError(error)
    }
  }

  for (const [writer, holder] of holders) methods[writer] = holder
  return {
    get said() {
      if (calls.length === 0) return 'nothing'
      return calls.some(({ writer }) => writer === 'end') ? 'all' : 'something'
    },
    abandon(reason) {
      abandoned = reason
    },
  }
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
  // HTTP/2 has none, and warns.
  if (response.req.httpVersionMajor < 2) response.statusMessage = ''
  for (const name of response.getHeaderNames()) response.removeHeader(name)
}

type Outcome =
  | { readonly kind: 'committed'; readonly headers: ResponseHeaders }
  | { readonly kind: 'failed'; readonly problem: Problem; readonly headers: ResponseHeaders }

async function committed(holding: Holding, status: number): Promise<Outcome> {
  try {
    const outcome = await holding.commit(status)
    return outcome.kind === 'committed' ? outcome : { ...outcome, kind: 'failed' }
  } catch (error) {
    const known = problemOf(error)
    if (known === undefined) holding.onError(error)
    return { kind: 'failed', problem: known ?? problem('internal_error'), headers: [] }
  }
}

/** A later token takes the place of an earlier one: one cookie of a name in a response. */
function followedBy(earlier: Outcome, later: Outcome): Outcome {
  return later.headers.length > 0 ? later : { ...later, headers: earlier.headers }
}

interface Replay {
  readonly calls: readonly Call[]
  readonly originals: ReadonlyMap<Writer, AnyMethod>
  readonly lines: ResponseHeaders
}

function replay(response: ServerResponse, { calls, originals, lines }: Replay): void {
  if (!response.headersSent) putHeaders(response, lines)
  for (const { writer, args } of calls) {
    const given = writer === 'writeHead' && !response.headersSent ? withLines(response, args, lines) : args
    originals.get(writer)?.apply(response, [...given])
  }
  const wasToldToWait = calls.some(({ writer }) => writer === 'write')
  if (wasToldToWait && !response.writableEnded && !response.writableNeedDrain) response.emit('drain')
}

function putHeaders(response: ServerResponse, lines: ResponseHeaders): void {
  for (const [name, value] of lines) {
    if (name === 'cache-control') response.setHeader(name, value)
    else response.appendHeader(name, value)
  }
}

/** `writeHead` replaces what was set before, so its headers are set first and ours are put on top. Answers what is left to give it. */
function withLines(
  response: ServerResponse,
  args: readonly unknown[],
  lines: ResponseHeaders,
): readonly unknown[] {
  const given = headerEntries(args.at(-1))
  if (given.length === 0) return args
  const names = new Set(given.map(([name]) => name.toLowerCase()))
  for (const name of names) response.removeHeader(name)
  for (const [name, value] of given) if (value !== undefined) response.appendHeader(name, asTexts(value))
  putHeaders(
    response,
    lines.filter(([name]) => names.has(name)),
  )
  return args.slice(0, -1)
}

type HeaderEntry = readonly [name: string, value: OutgoingHttpHeaders[string]]

/** The three forms that node takes: an object, an array of pairs, a flat array. */
function headerEntries(given: unknown): readonly HeaderEntry[] {
  if (typeof given !== 'object' || given === null) return []
  if (!Array.isArray(given)) return Object.entries(given as OutgoingHttpHeaders)
  if (Array.isArray(given[0])) return given as [string, string][]
  return given.flatMap((name: string, index) =>
    index % 2 === 0 ? [[name, given[index + 1] as string] as const] : [],
  )
}

/** Says what node would say, to whom it would say it: the handler, and not later to nobody. */
function assertHeaders(given: unknown): void {
  for (const [name, value] of headerEntries(given)) {
    validateHeaderName(name)
    for (const text of value === undefined ? [] : [asTexts(value)].flat()) validateHeaderValue(name, text)
  }
}

function asTexts(value: NonNullable<OutgoingHttpHeaders[string]>): string | string[] {
  return Array.isArray(value) ? value : String(value)
}
