/** A Redis URL taken apart. The driver could do it, and its errors would repeat the password. */
import type { Credentials } from './options.ts'

export type Place = { readonly host: string; readonly port: number } | { readonly path: string }

export interface Location {
  readonly place: Place
  readonly credentials?: Credentials
  readonly tls?: true
  readonly database?: number
}

const DEFAULT_PORT = 6379

/** `undefined` for what is none. @see https://www.iana.org/assignments/uri-schemes/prov/redis */
export function parseUrl(text: unknown): Location | undefined {
  const url = typeof text === 'string' ? URL.parse(text) : null
  if (url === null || !['redis:', 'rediss:', 'unix:'].includes(url.protocol)) return undefined
  const place = placeOf(url)
  const database = databaseOf(url)
  if (place === undefined || Number.isNaN(database)) return undefined
  return {
    place,
    ...(url.protocol === 'rediss:' ? { tls: true } : {}),
    ...(database === undefined ? {} : { database }),
    ...(url.username === '' && url.password === '' ? {} : { credentials: credentialsOf(url) }),
  }
}

function placeOf(url: URL): Place | undefined {
  if (url.protocol === 'unix:') return url.pathname.length > 1 ? { path: decoded(url.pathname) } : undefined
  if (url.hostname === '') return undefined
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  return { host, port: url.port === '' ? DEFAULT_PORT : Number(url.port) }
}

function databaseOf(url: URL): number | undefined {
  const text = url.protocol === 'unix:' ? url.searchParams.get('db') : url.pathname.slice(1)
  if (text === null || text === '') return undefined
  return /^\d+$/.test(text) ? Number(text) : Number.NaN
}

function credentialsOf({ username, password }: URL): Credentials {
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
