/**
 * Who the client of a request is. Whatever headers say counts only if the other end of the connection is a proxy that
 * was named, and then up to the first hop that is none: that hop is the client, and left of it stands what the client
 * wrote. A trusted proxy has to speak for the client: where it says nothing, the client did not come over HTTPS.
 *
 * @see ASVS 5.0 4.1.3; RFC 7239 §8.1; CWE-348
 */
import { forwarded } from './forwarded.ts'
import { isLoopbackHost, readHost } from './host.ts'
import { type Address, isLoopback, readAddress } from './networks.ts'
import { isTrusted, type ProxySettings } from './proxy-options.ts'
import type { Header, Trail } from './trail.ts'
import { xForwarded } from './x-forwarded.ts'

/** What the server knows of a request before anybody is believed. */
export interface Arrival {
  /**
   * The other end of the connection: its IP address; `unix` for a Unix socket; `unseen` where the server shows no
   * connection and the host alone says whether it is this machine; undefined if it is not known, as when the
   * connection is gone.
   */
  readonly peer: string | undefined
  /** Whether the connection itself is TLS. */
  readonly encrypted: boolean
  /** `Host` or `:authority`. */
  readonly host: string | undefined
  /** By lower-case name; several lines joined with `, `, those of `cookie` with `; `. */
  header(name: string): string | undefined
}

export interface ClientFacts {
  /** In canonical form: IPv4 inside IPv6 is IPv4, without port and zone. Undefined if nobody knows. */
  readonly address: string | undefined
  readonly scheme: 'http' | 'https'
  /** `host` or `host:port` as in an `Origin`. To compare with one; never for a cookie's domain or a redirect. */
  readonly host: string | undefined
  /** `https`: so it is from the client to the nearest proxy of ours. `loopback`: from this very machine, with no proxy on the way. */
  readonly connection: 'https' | 'loopback' | 'insecure'
}

/** **Cost**: without proxies one address; with them, what is read ends at 32 hops and 8 KiB of each header. */
export function clientOf(arrival: Arrival, settings: ProxySettings | undefined): ClientFacts {
  const peer = arrival.peer === undefined ? undefined : readAddress(arrival.peer)
  if (settings === undefined || !isProxy(arrival, settings, peer)) return connected(arrival, peer)
  const header: Header = (name) => arrival.header(name)
  const trail = settings.headers === 'forwarded' ? forwarded(header) : xForwarded(header)
  const { address, hop } = follow(trail, settings, peer)
  const scheme = trail.scheme(hop)?.toLowerCase() === 'https' ? 'https' : 'http'
  return {
    address: address?.text,
    scheme,
    host: readHost(trail.host(hop) ?? arrival.host, scheme),
    connection: scheme === 'https' ? 'https' : 'insecure',
  }
}

/** A proxy that is not named may stand between, so its own connection says nothing about the client's. */
const TRACES: readonly string[] = [
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-real-ip',
  'via',
]

function isProxy(arrival: Arrival, settings: ProxySettings, peer: Address | undefined): boolean {
  return peer === undefined ? arrival.peer === 'unix' && settings.unix : isTrusted(settings, peer)
}

/** The client is whoever is connected. */
function connected(arrival: Arrival, peer: Address | undefined): ClientFacts {
  const scheme = arrival.encrypted ? 'https' : 'http'
  const host = readHost(arrival.host, scheme)
  const isHere = peer === undefined ? arrival.peer === 'unseen' : isLoopback(peer)
  const isLocal = isHere && isLoopbackHost(host) && !TRACES.some((name) => arrival.header(name) !== undefined)
  return {
    address: peer?.text,
    scheme,
    host,
    connection: arrival.encrypted ? 'https' : isLocal ? 'loopback' : 'insecure',
  }
}

interface Found {
  /** The client's, or if it cannot be read that of the last proxy before it. */
  readonly address: Address | undefined
  /** The hop that speaks of the client. */
  readonly hop: number
}

/** From proxy to proxy, as long as they are ours. */
function follow(trail: Trail, settings: ProxySettings, peer: Address | undefined): Found {
  let nearest = peer
  for (let hop = 0; hop < trail.length; hop++) {
    const address = trail.address(hop)
    if (address === undefined) return { address: nearest, hop }
    if (!isTrusted(settings, address)) return { address, hop }
    nearest = address
  }
  return { address: nearest, hop: Math.max(trail.length - 1, 0) }
}
