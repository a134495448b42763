/**
 * Addresses and the ranges that hold them. Reading is strict: `node:net` says what an address is, so there is no
 * octal and no `10.1`. An address has one form: IPv4 inside IPv6 (`::ffff:10.0.0.1`) is IPv4, a zone is left out, and
 * IPv6 is written as RFC 5952 says. NAT64 (`64:ff9b::/96`) and 6to4 (`2002::/16`) are not unwrapped: which IPv4
 * address they stand for is the word of a translator that nobody named.
 */
import { isIPv4, isIPv6 } from 'node:net'
import ipaddr from 'ipaddr.js'

export interface Address {
  /** The canonical form. */
  readonly text: string
  /** 4 bytes or 16, in network order. */
  readonly bytes: readonly number[]
}

export interface Network {
  readonly bytes: readonly number[]
  /** How many leading bits count. */
  readonly prefix: number
}

const LONGEST = 64
const ZONE = /^%[\w.~-]+$/

/** An address without port and brackets; undefined for anything else. */
export function readAddress(text: string): Address | undefined {
  if (text.length > LONGEST) return undefined
  if (isIPv4(text)) return { text, bytes: ipaddr.IPv4.parse(text).octets }
  const percent = text.indexOf('%')
  if (percent !== -1 && !ZONE.test(text.slice(percent))) return undefined
  const bare = percent === -1 ? text : text.slice(0, percent)
  return isIPv6(bare) ? fromIPv6(bare) : undefined
}

export function contains(network: Network, address: Address): boolean {
  if (network.bytes.length !== address.bytes.length) return false
  const whole = network.prefix >> 3
  for (let index = 0; index < whole; index++) {
    if (network.bytes[index] !== address.bytes[index]) return false
  }
  const rest = network.prefix & 7
  if (rest === 0) return true
  return ((network.bytes[whole] as number) ^ (address.bytes[whole] as number)) >> (8 - rest) === 0
}

/** The first address of the range of this size that `address` is in. */
export function firstIn(address: Address, prefix: number): Address {
  const bytes = address.bytes.map((byte, index) => {
    const kept = Math.min(Math.max(prefix - index * 8, 0), 8)
    return byte & (0xff << (8 - kept)) & 0xff
  })
  return { text: ipaddr.fromByteArray(bytes).toString(), bytes }
}

export function isLoopback({ text }: Address): boolean {
  return text === '::1' || text.startsWith('127.')
}

function fromIPv6(text: string): Address {
  // ipaddr.js takes `::1.2.3.4` for `::ffff:1.2.3.4`; they are different addresses, and the longer spelling is not mistaken.
  const parsed = ipaddr.IPv6.parse(text.replace(/^::(?=\d+\.)/, '::0:'))
  const address = parsed.isIPv4MappedAddress() ? parsed.toIPv4Address() : parsed
  return { text: address.toString(), bytes: address.toByteArray() }
}
