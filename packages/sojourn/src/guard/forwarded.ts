/**
 * The header `Forwarded`, read strictly. Quotes make it impossible to read from its end, so one mistake anywhere makes
 * all of it unusable: what looks like the nearest proxy's word could lie within a quotation that a client opened.
 *
 * @see RFC 7239 §4 (syntax), §6 (nodes), §8.1 (whom to believe)
 */
import { type Header, MOST_HOPS, MOST_TEXT, readNode, type Trail, UNCLEAR } from './trail.ts'

/** Parameters by lower-case name; those that RFC 7239 does not know are kept. */
type ForwardedElement = ReadonlyMap<string, string>

export function forwarded(header: Header): Trail {
  const text = header('forwarded')
  const elements = text === undefined ? [] : readForwarded(text)
  const said = (hop: number, name: string): string | undefined =>
    elements === undefined ? UNCLEAR : elements.at(-1 - hop)?.get(name)
  return {
    length: Math.min(elements?.length ?? 0, MOST_HOPS),
    address: (hop) => readNode(said(hop, 'for') ?? ''),
    scheme: (hop) => said(hop, 'proto'),
    host: (hop) => said(hop, 'host'),
  }
}

const OPTIONAL_BLANKS = /[ \t]*/y
const PAIR =
  /([\w!#$%&'*+.^`|~-]+)=(?:([\w!#$%&'*+.^`|~-]+)|"((?:[\t !#-[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*)")/y
const ESCAPE = /\\(.)/g

/** The elements as they stand, the client's first; undefined for what is not RFC 7239, or longer than `MOST_TEXT`. */
export function readForwarded(text: string): readonly ForwardedElement[] | undefined {
  if (text.length > MOST_TEXT) return undefined
  const elements: ForwardedElement[] = []
  for (let at = 0; at <= text.length; at++) {
    const element = new Map<string, string>()
    at = readElement(text, after(OPTIONAL_BLANKS, text, at), element)
    if (at === -1) return undefined
    at = after(OPTIONAL_BLANKS, text, at)
    if (at < text.length && text[at] !== ',') return undefined
    elements.push(element)
  }
  return elements
}

/** Pairs with semicolons between them. Where it ended, or -1. */
function readElement(text: string, start: number, element: Map<string, string>): number {
  for (let at = start; ; at++) {
    PAIR.lastIndex = at
    const pair = PAIR.exec(text)
    if (pair !== null) {
      const name = (pair[1] as string).toLowerCase()
      if (element.has(name)) return -1
      element.set(name, pair[2] ?? (pair[3] as string).replace(ESCAPE, '$1'))
      at = PAIR.lastIndex
    }
    if (text[at] !== ';') return at
  }
}

function after(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at
  pattern.test(text)
  return pattern.lastIndex
}
