/**
 * The option `proxies`: whose word about a client counts. Only addresses are accepted. Whatever is shorter (`true`, a
 * number of hops, `0.0.0.0/0`) lets a client that comes by another way choose its own address.
 *
 * @see CWE-348; RFC 7239 §8.1
 */
import type { ConfigProblem } from '../core/errors.ts'
import { unknownKeys } from '../core/policy/unknown-keys.ts'
import { type Address, contains, firstIn, type Network, readAddress } from './networks.ts'

export interface ProxyOptions {
  /** Addresses and CIDR ranges of your own proxies (`'10.0.0.0/8'`, `'::1'`), and `'unix'` for a proxy on a Unix socket. */
  readonly trusted: readonly string[]
  /** Which headers those proxies set and overwrite. Default `x-forwarded`. The other kind is never read. */
  readonly headers?: 'x-forwarded' | 'forwarded'
}

export interface ProxySettings {
  readonly headers: 'x-forwarded' | 'forwarded'
  readonly networks: readonly Network[]
  /** Whether whoever comes over a Unix socket is a proxy. */
  readonly unix: boolean
}

/** The settings are undefined if there are no proxies, or any problem. */
export function readProxyOptions(options: unknown): {
  readonly settings: ProxySettings | undefined
  readonly problems: readonly ConfigProblem[]
} {
  if (options === undefined) return { settings: undefined, problems: [] }
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    const message = tooShort(options) ?? SHAPE
    return { settings: undefined, problems: [{ path: 'proxies', message }] }
  }
  const { trusted, headers = 'x-forwarded' } = options as { trusted?: unknown; headers?: unknown }
  const problems = [...unknownKeys('proxies', options, ['trusted', 'headers'])]
  const { networks, unix } = readTrusted(trusted, problems)
  if (headers !== 'x-forwarded' && headers !== 'forwarded') {
    problems.push({ path: 'proxies.headers', message: "Write 'x-forwarded' or 'forwarded'." })
    return { settings: undefined, problems }
  }
  return { settings: problems.length === 0 ? { headers, networks, unix } : undefined, problems }
}

/** **Cost**: a comparison for each range that was configured. */
export function isTrusted(settings: ProxySettings, address: Address): boolean {
  return settings.networks.some((network) => contains(network, address))
}

const YOURS = 'Write the addresses of your own proxies.'
const SHAPE = `${YOURS} { trusted: ['10.0.0.7'] } is an example; without proxies leave it out.`
const EVERYBODY = `This is everybody, and any client could choose the address that it comes from. ${YOURS}`
const HOPS = `A number of hops is not accepted: whoever comes by a shorter way writes the entry that is counted. ${YOURS}`
const ENTRY =
  "Write an IP address or a CIDR range without port, brackets and zone, such as '10.0.0.7', '10.0.0.0/8' or 'fd00::/8', or 'unix' for a proxy on a Unix socket."
const RANGE = /^([^/]+)\/(0|[1-9]\d{0,2})$/
const NAME = /^(?=.*[a-z])[a-z\d_-]+(\.[a-z\d_-]+)*\.?$/i

function readTrusted(list: unknown, problems: ConfigProblem[]): Pick<ProxySettings, 'networks' | 'unix'> {
  if (!Array.isArray(list) || list.length === 0) {
    problems.push({ path: 'proxies.trusted', message: tooShort(list) ?? noList(list) })
    return { networks: [], unix: false }
  }
  const networks: Network[] = []
  for (const [index, entry] of list.entries()) {
    if (entry === 'unix') continue
    const network = readNetwork(entry)
    if (typeof network === 'string') problems.push({ path: `proxies.trusted[${index}]`, message: network })
    else networks.push(network)
  }
  return { networks, unix: list.includes('unix') }
}

function noList(list: unknown): string {
  return Array.isArray(list)
    ? 'Name at least one proxy, or leave `proxies` out.'
    : "Write a list of addresses and CIDR ranges, such as ['10.0.0.7', 'fd00::/8']."
}

/** What other libraries accept. */
function tooShort(value: unknown): string | undefined {
  if (value === true || value === '*') return EVERYBODY
  return typeof value === 'number' ? HOPS : undefined
}

/** A text is what is wrong. */
function readNetwork(entry: unknown): Network | string {
  if (typeof entry !== 'string' || entry === '*') return tooShort(entry) ?? ENTRY
  const range = RANGE.exec(entry)
  const text = range?.[1] ?? entry
  const address = text.includes('%') ? undefined : readAddress(text)
  if (address === undefined) return NAME.test(entry) ? NAMES : ENTRY
  const bits = address.bytes.length * 8
  // `::ffff:10.0.0.0/104` is 10.0.0.0/8.
  const mapped = bits === 32 && text.includes(':') ? 96 : 0
  const prefix = range === null ? bits : Number(range[2]) - mapped
  if (prefix > bits) return `The longest prefix here is /${bits + mapped}. ${ENTRY}`
  if (prefix <= 0 || address.bytes.every((byte) => byte === 0)) return EVERYBODY
  return rangeFrom(address, prefix)
}

const NAMES = 'Names are not looked up. Write the address, or the CIDR range, from which your proxy connects.'

function rangeFrom(address: Address, prefix: number): Network | string {
  const first = firstIn(address, prefix)
  if (first.text === address.text) return { bytes: address.bytes, prefix }
  return `The range does not begin at ${address.text}. Write '${first.text}/${prefix}', or '${address.text}' for this address alone.`
}
