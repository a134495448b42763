/**
 * Where Redis is, as the ports of both drivers are told. URLs are read here: the errors of one driver would repeat the
 * password, and the other one takes everything behind a question mark for an option, also those that the port must
 * not lose.
 */

export interface Address {
  readonly host: string
  /** Default 6379; of a Sentinel 26379. */
  readonly port?: number
}

export type Place = Required<Address> | { readonly path: string }

/** What a URL says. */
export interface Location {
  readonly place: Place
  /** Only if it says so: `rediss:`. */
  readonly tls?: true
  readonly database?: number
  readonly credentials?: { readonly username?: string; readonly password?: string }
}

/** What the URLs of a cluster say of all its nodes. */
interface Seeds extends Pick<Location, 'tls' | 'credentials'> {
  readonly hosts: readonly Required<Address>[]
}

const PORT = 6_379
export const SENTINEL_PORT = 26_379

/** `undefined` for what is none. The path of a socket is one too. @see https://www.iana.org/assignments/uri-schemes/prov/redis */
export function parseUrl(text: unknown): Location | undefined {
  if (typeof text !== 'string') return undefined
  if (text.startsWith('/')) return { place: { path: text } }
  const url = URL.parse(text)
  if (url === null || url.hash !== '') return undefined
  if (url.protocol === 'unix:') return socketAt(url)
  return url.protocol === 'redis:' || url.protocol === 'rediss:' ? serverAt(url) : undefined
}

/** Of seeds in which nothing is wrong (`address-problems.ts`). Whatever one of them says besides its place holds for all. */
export function seedsIn(cluster: readonly (string | Address)[]): Seeds {
  const seeds = cluster.map((seed) => (typeof seed === 'string' ? parseUrl(seed) : { place: seed }))
  const locations = seeds.filter((seed): seed is Location => seed !== undefined)
  const tls = locations.some((location) => location.tls)
  const credentials = locations.find((location) => location.credentials !== undefined)?.credentials
  return {
    hosts: locations.flatMap(({ place }) => ('host' in place ? [withPort(PORT)(place)] : [])),
    ...(tls ? { tls } : {}),
    ...(credentials === undefined ? {} : { credentials }),
  }
}

export function withPort(standard: number): (address: Address) => Required<Address> {
  return ({ host, port = standard }) => ({ host, port })
}

function socketAt({ hostname, pathname, searchParams }: URL): Location | undefined {
  const { db, ...others } = Object.fromEntries(searchParams)
  if (hostname !== '' || pathname.length < 2 || Object.keys(others).length > 0) return undefined
  return withDatabase({ place: { path: decoded(pathname) } }, db ?? '')
}

function serverAt(url: URL): Location | undefined {
  if (url.hostname === '' || url.search !== '') return undefined
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  const location: Location = {
    place: { host, port: url.port === '' ? PORT : Number(url.port) },
    ...(url.protocol === 'rediss:' ? { tls: true } : {}),
    ...(url.username === '' && url.password === '' ? {} : { credentials: credentialsOf(url) }),
  }
  return withDatabase(location, url.pathname.slice(1))
}

function withDatabase(location: Location, text: string): Location | undefined {
  if (text === '') return location
  return /^\d+$/.test(text) ? { ...location, database: Number(text) } : undefined
}

function credentialsOf({ username, password }: URL): NonNullable<Location['credentials']> {
  return {
    ...(username === '' ? {} : { username: decoded(username) }),
    ...(password === '' ? {} : { password: decoded(password) }),
  }
}

/** A stray `%` stands for itself: whoever wrote it into a password meant one. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
