/**
 * What proxies wrote down about the way a request came, in either header: one hop for each proxy, counted from here.
 * Hop 0 was written by the proxy that is connected to us.
 */
import { type Address, readAddress } from './networks.ts'

/** Asks for a header by its lower-case name; several lines are joined with `, `. */
export type Header = (name: string) => string | undefined

export interface Trail {
  /** How many hops there are, at most `MOST_HOPS`. */
  readonly length: number
  /** Who was connected to the proxy that wrote this. Undefined: `unknown`, `_hidden`, nothing, rubbish. */
  address(hop: number): Address | undefined
  /** Undefined where nothing is said, `UNCLEAR` where it cannot be told what. */
  scheme(hop: number): string | undefined
  host(hop: number): string | undefined
}

/** Beyond that many the way is taken to begin. */
export const MOST_HOPS = 32
/** Of a header, at most so many characters are looked at. */
export const MOST_TEXT = 8192
/** Neither a scheme nor a host. */
export const UNCLEAR = ''

const NODE = /^(?:([\d.]+)|\[([^\]]+)\])(?::(?:\d{1,5}|_[\w.-]+))?$/
const LONGEST_NODE = 128

/** `192.0.2.1:4711`, `[2001:db8::1]`. @see RFC 7239 §6 */
export function readNode(text: string): Address | undefined {
  if (text.length > LONGEST_NODE) return undefined
  const [, ipv4, ipv6] = NODE.exec(text) ?? []
  if (ipv4 !== undefined) return readAddress(ipv4)
  return ipv6?.includes(':') ? readAddress(ipv6) : undefined
}
