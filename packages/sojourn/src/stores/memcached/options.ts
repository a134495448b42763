/** What `memcachedStore` takes, and what it refuses. */
import type { ConnectionOptions as TlsOptions } from 'node:tls'
import type { Environment } from '../../core/environment.ts'
import { ConfigError, type ConfigProblem } from '../../core/errors.ts'
import { unknownKeys } from '../../core/policy/unknown-keys.ts'
import { systemEnvironment } from '../../environment/system.ts'
import { parseServer, type ServerName } from './wire/servers.ts'

export interface MemcachedStoreOptions {
  /**
   * All servers, 1 to 64, in any order: `'cache-1:11211'`, `'[::1]:11211'`, `'unix:/run/memcached.sock'`; the port is 11211
   * unless given. The same texts in all processes. They cannot be changed without ending all sessions.
   */
  readonly servers: readonly string[]
  /** What every key begins with, so that several deployments can share servers: 1 to 40 of `A–Z a–z 0–9 . _ : -`. Default `'sojourn'`. */
  readonly prefix?: string
  /** `true`, or what `node:tls` takes (`ca`, `cert`, `key`, `servername`). Default: none. */
  readonly tls?: true | TlsOptions
  /** Default: the system's. */
  readonly environment?: Environment
}

/** With defaults filled in. */
export interface MemcachedSettings {
  readonly servers: readonly ServerName[]
  readonly prefix: string
  readonly tls: TlsOptions | undefined
  readonly environment: Environment
}

const KNOWN = ['servers', 'prefix', 'tls', 'environment'] as const
const DEFAULT_PREFIX = 'sojourn'
const PREFIX = /^[A-Za-z0-9._:-]{1,40}$/
const MOST_SERVERS = 64

/** @throws ConfigError that lists every problem */
export function settingsOf(options: MemcachedStoreOptions): MemcachedSettings {
  const { servers, prefix = DEFAULT_PREFIX, tls, environment = systemEnvironment } = options
  const problems = [
    ...unknownKeys('', options, KNOWN),
    ...problemsOfServers(servers),
    ...(typeof prefix === 'string' && PREFIX.test(prefix)
      ? []
      : [
          { path: 'prefix', message: "Write 1 to 40 letters, digits, '.', '_', '-' or ':', such as 'shop'." },
        ]),
    ...(tls === undefined || tls === true || (typeof tls === 'object' && tls !== null)
      ? []
      : [{ path: 'tls', message: 'Write `true`, or what node:tls takes, such as `{ ca }`.' }]),
  ]
  if (problems.length > 0) throw new ConfigError(problems)
  return {
    servers: servers.map((server) => parseServer(server) as ServerName),
    prefix,
    tls: tls === true ? {} : tls,
    environment,
  }
}

function problemsOfServers(servers: unknown): readonly ConfigProblem[] {
  if (!Array.isArray(servers) || servers.length === 0 || servers.length > MOST_SERVERS)
    return [{ path: 'servers', message: "List 1 to 64 servers, such as ['127.0.0.1:11211']." }]
  const names = servers.map((server) => parseServer(server)?.name)
  return names.flatMap((name, index) => {
    const path = `servers[${index}]`
    if (name === undefined)
      return [{ path, message: "Write 'host:port', '[v6 address]:port' or 'unix:/path'." }]
    return names.indexOf(name) === index ? [] : [{ path, message: `${name} is in the list already.` }]
  })
}
