/** The servers by name, as they stand in the options: what is connected to, and what a roster's place depends on. */

export interface ServerName {
  /** The same text for the same place: host and port, or `unix:` and a path. */
  readonly name: string
  readonly place: { readonly host: string; readonly port: number } | { readonly path: string }
}

const PORT = 11_211
const HIGHEST_PORT = 65_535
const ADDRESS = /^(?:\[([\da-fA-F:.]+)\]|([A-Za-z0-9._-]+))(?::(\d{1,5}))?$/
const SOCKET = /^unix:(\/.+)$/

/** `'cache-1:11211'`, `'cache-1'`, `'[::1]:11211'`, `'unix:/run/memcached.sock'`; `undefined` for anything else. */
export function parseServer(text: unknown): ServerName | undefined {
  if (typeof text !== 'string') return undefined
  const [, path] = SOCKET.exec(text) ?? []
  if (path !== undefined) return { name: text, place: { path } }
  const [match, v6, plain = '', digits] = ADDRESS.exec(text) ?? []
  const port = digits === undefined ? PORT : Number(digits)
  if (match === undefined || port < 1 || port > HIGHEST_PORT) return undefined
  const host = (v6 ?? plain).toLowerCase()
  return { name: `${v6 === undefined ? host : `[${host}]`}:${port}`, place: { host, port } }
}
