/** What was said to a held response, said again to the real one, with the session's headers put on top. */
import {
  type OutgoingHttpHeaders,
  type ServerResponse,
  validateHeaderName,
  validateHeaderValue,
} from 'node:http'
import type { ResponseHeaders } from '../delivery.ts'
import { varied } from '../owed.ts'

export const WRITERS = ['writeHead', 'flushHeaders', 'write', 'end'] as const
export type Writer = (typeof WRITERS)[number]

export interface Call {
  readonly writer: Writer
  readonly args: readonly unknown[]
}

interface Replay {
  readonly calls: readonly Call[]
  readonly originals: ReadonlyMap<string, (...args: unknown[]) => unknown>
  readonly lines: ResponseHeaders
}

export function replay(response: ServerResponse, { calls, originals, lines }: Replay): void {
  if (!response.headersSent) putHeaders(response, lines)
  for (const { writer, args } of calls) {
    const given = writer === 'writeHead' && !response.headersSent ? withLines(response, args, lines) : args
    originals.get(writer)?.apply(response, [...given])
  }
  const wasToldToWait = calls.some(({ writer }) => writer === 'write')
  if (wasToldToWait && !response.writableEnded && !response.writableNeedDrain) response.emit('drain')
}

/** What was put on a response before, by another realm perhaps: whatever takes the answer's place brings it along. */
const OURS: unique symbol = Symbol('sojourn headers')

type Marked = ServerResponse & { [OURS]?: ResponseHeaders }

/** Nothing that the handler prepared is left; what tells the client of its tokens is. */
export function clearHeaders(response: Marked): void {
  if (hasMessage(response)) response.statusMessage = ''
  for (const name of response.getHeaderNames()) response.removeHeader(name)
  setLines(response, response[OURS] ?? [])
}

/** HTTP/2 has none, and warns whoever asks. */
export function hasMessage({ req }: ServerResponse): boolean {
  return req.httpVersionMajor < 2
}

export function putHeaders(response: Marked, lines: ResponseHeaders): void {
  if (lines.length > 0) response[OURS] = [...(response[OURS] ?? []), ...lines]
  setLines(response, lines)
}

function setLines(response: ServerResponse, lines: ResponseHeaders): void {
  for (const [name, value] of lines) {
    if (name === 'set-cookie') response.appendHeader(name, value)
    else response.setHeader(name, name === 'vary' ? varied(response.getHeader(name)) : value)
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
  setLines(
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
export function assertCall({ writer, args }: Call): void {
  if (writer === 'writeHead') assertHead(args)
  const [chunk] = args
  const isText = typeof chunk === 'string' || chunk instanceof Uint8Array
  const isLeftOut = writer === 'end' && (chunk === undefined || chunk === null || typeof chunk === 'function')
  if ((writer === 'write' || writer === 'end') && !isText && !isLeftOut) {
    throw Object.assign(
      new TypeError('The "chunk" argument must be of type string or an instance of Buffer or Uint8Array.'),
      { code: 'ERR_INVALID_ARG_TYPE' },
    )
  }
}

const REASON = /^[\t\x20-\x7e\x80-\xff]*$/

export function assertHead(args: readonly unknown[]): void {
  const [given, message] = args
  const status = Number(given)
  if (!Number.isInteger(status) || status < 100 || status > 999) {
    throw Object.assign(new RangeError(`Invalid status code: ${String(given)}`), {
      code: 'ERR_HTTP_INVALID_STATUS_CODE',
    })
  }
  if (typeof message === 'string' && !REASON.test(message)) {
    throw Object.assign(new TypeError('Invalid character in statusMessage'), { code: 'ERR_INVALID_CHAR' })
  }
  assertHeaders(args.at(-1))
}

function assertHeaders(given: unknown): void {
  for (const [name, value] of headerEntries(given)) {
    validateHeaderName(name)
    for (const text of value === undefined ? [] : [asTexts(value)].flat()) validateHeaderValue(name, text)
  }
}

function asTexts(value: NonNullable<OutgoingHttpHeaders[string]>): string | string[] {
  return Array.isArray(value) ? value : String(value)
}
