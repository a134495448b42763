/**
 * Where a URL points to. It is read here and not by the driver, which takes everything behind a question mark for an
 * option, also those that the port must not lose.
 */
export interface RedisAddress {
  readonly host?: string
  readonly port?: number
  /** Of a Unix socket. */
  readonly path?: string
  readonly db: number
  readonly username?: string
  readonly password?: string
  readonly isSecure: boolean
}

const DEFAULT_PORT = 6_379
const UNIX_SOCKET = /^(?:unix:\/\/)?(\/[^?#]*)$/

/** `undefined` for what is not one. */
export function addressIn(text: unknown): RedisAddress | undefined {
  if (typeof text !== 'string') return undefined
  const [, path] = UNIX_SOCKET.exec(text) ?? []
  if (path !== undefined) return { path, db: 0, isSecure: false }
  if (!URL.canParse(text)) return undefined
  const url = new URL(text)
  const db = Number(url.pathname.slice(1))
  const isKnown = url.protocol === 'redis:' || url.protocol === 'rediss:'
  const isPlain = url.search === '' && url.hash === '' && url.hostname !== ''
  if (!isKnown || !isPlain || !Number.isInteger(db) || db < 0) return undefined
  return { ...credentialsIn(url), ...hostIn(url), db, isSecure: url.protocol === 'rediss:' }
}

function hostIn({ hostname, port }: URL): { readonly host: string; readonly port: number } {
  return { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? DEFAULT_PORT : Number(port) }
}

function credentialsIn({ username, password }: URL): Pick<RedisAddress, 'username' | 'password'> {
  return {
    ...(username === '' ? {} : { username: decoded(username) }),
    ...(password === '' ? {} : { password: decoded(password) }),
  }
}

/** A password with a bare `%` is taken as it stands. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
