/**
 * Holding a node response back until its commit is through. The methods that write are replaced on this one
 * response; the first of them that is called starts the commit, and all are repeated in order when it is done.
 * A commit that is refused takes the place of whatever the handler wanted to say.
 */
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { SystemError } from '../../core/errors.ts'
import type { Committed, ResponseHeaders } from '../handle.ts'
import { type Problem, problem, problemOf } from '../problem.ts'

const WRITERS = ['writeHead', 'flushHeaders', 'write', 'end'] as const
type Writer = (typeof WRITERS)[number]
type AnyMethod = (...args: unknown[]) => unknown

interface Call {
  readonly writer: Writer
  readonly args: readonly unknown[]
}

export function holdUntilCommitted(response: ServerResponse, commit: () => Promise<Committed>): void {
  const methods = response as unknown as Record<Writer, AnyMethod>
  const held = response.headersSent ? (['end'] as const) : WRITERS
  const originals = new Map(held.map((writer) => [writer, methods[writer]] as const))
  const calls: Call[] = []

  function hold(writer: Writer): AnyMethod {
    return (...args) => {
      if (calls.push({ writer, args }) === 1) void release()
      return writer === 'write' ? false : response
    }
  }

  async function release(): Promise<void> {
    const outcome = await settled(commit)
    for (const [writer, original] of originals) methods[writer] = original
    if (response.destroyed) return
    if (outcome.kind !== 'committed') return refuse(response, outcome.problem)
    if (!response.headersSent) setHeaders(response, outcome.headers)
    for (const call of calls) repeat(response, call, outcome.headers)
    const wroteHeldBack = calls.some(({ writer }) => writer === 'write')
    if (wroteHeldBack && !response.writableEnded && !response.writableNeedDrain) response.emit('drain')
  }

  for (const writer of held) methods[writer] = hold(writer)
}

/** Answers a problem in place of anything the handler prepared. */
export function sendProblem(response: ServerResponse, { status, headers, body }: Problem): void {
  if (response.headersSent || response.destroyed) {
    response.destroy()
    return
  }
  for (const name of response.getHeaderNames()) response.removeHeader(name)
  response.writeHead(status, headers).end(body)
}

type Settled =
  | { readonly kind: 'committed'; readonly headers: ResponseHeaders }
  | { readonly kind: 'failed'; readonly problem: Problem }

async function settled(commit: () => Promise<Committed>): Promise<Settled> {
  try {
    const outcome = await commit()
    return outcome.kind === 'committed' ? outcome : { kind: 'failed', problem: outcome.problem }
  } catch (error) {
    return {
      kind: 'failed',
      problem:
        problemOf(error) ??
        problem(error instanceof SystemError ? 'temporarily_unavailable' : 'internal_error'),
    }
  }
}

/** A response that has begun cannot say that its changes were refused; it is cut off rather than left a lie. */
function refuse(response: ServerResponse, answer: Problem): void {
  sendProblem(response, answer)
}

function setHeaders(response: ServerResponse, lines: ResponseHeaders): void {
  for (const [name, value] of lines) {
    if (name === 'cache-control') response.setHeader(name, value)
    else response.appendHeader(name, value)
  }
}

function repeat(response: ServerResponse, { writer, args }: Call, lines: ResponseHeaders): void {
  if (writer === 'writeHead' && !response.headersSent) writeHead(response, args, lines)
  else (response[writer] as AnyMethod).apply(response, [...args])
}

/** `writeHead` replaces what was set before, so its headers are set first and ours are put on top. */
function writeHead(response: ServerResponse, args: readonly unknown[], lines: ResponseHeaders): void {
  const given = args.at(-1)
  if (typeof given !== 'object' || given === null) {
    ;(response.writeHead as AnyMethod).apply(response, [...args])
    return
  }
  const ours = lines.filter(([name]) => name === 'set-cookie').map(([, value]) => value)
  for (const [name, value] of headerEntries(given)) {
    if (value !== undefined) response.setHeader(name, value)
    if (name.toLowerCase() === 'set-cookie') for (const line of ours) response.appendHeader(name, line)
  }
  for (const [name, value] of lines) if (name === 'cache-control') response.setHeader(name, value)
  ;(response.writeHead as AnyMethod).apply(response, args.slice(0, -1))
}

/** The three forms that node takes: an object, an array of pairs, a flat array. */
function headerEntries(given: object): readonly (readonly [string, OutgoingHttpHeaders[string]])[] {
  if (!Array.isArray(given)) return Object.entries(given as OutgoingHttpHeaders)
  if (Array.isArray(given[0])) return given as [string, string][]
  return given.flatMap((name: string, index) =>
    index % 2 === 0 ? [[name, given[index + 1] as string] as const] : [],
  )
}
