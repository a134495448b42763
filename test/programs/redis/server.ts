/** A real Redis for the time of a test, on loopback only. It keeps nothing on disk unless it is asked to. */
import { join } from 'node:path'
import { developmentCertificate } from '../certificate.ts'
import { LOOPBACK } from '../ports.ts'
import type { Place } from '../server-process.ts'
import { answerOf, OPERATOR, type RedisServer, startRedisProcess, until } from './process.ts'

export interface RedisOptions {
  /** An address of loopback, of which its own connections come as well. Default 127.0.0.1. */
  readonly host?: string
  /** Of its process. Default none. */
  readonly env?: Readonly<Record<string, string>>
  /** Further lines for its configuration. */
  readonly config?: readonly string[]
  /** Whether `restart` finds the data again: every write is handed to the system before it is answered. Default false. */
  readonly appendonly?: boolean
  /** Speaks TLS only, with a certificate of its own for 127.0.0.1. Default false. */
  readonly tls?: boolean
  /** As after `user` in its configuration: `['default on >secret ~* &* +@all']`. Default: everybody may do everything. */
  readonly users?: readonly string[]
  /** Resolves when this one is in step with it. */
  readonly replicaOf?: { readonly host?: string; readonly port: number }
}

export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const server = await startRedisProcess({
    ...(options.host === undefined ? {} : { host: options.host }),
    ...(options.env === undefined ? {} : { env: options.env }),
    config: (place) => [...serving(options, place), ...dataConfig(options)],
    ...(options.tls === true ? { tls: developmentCertificate() } : {}),
  })
  if (options.replicaOf !== undefined) await until('the replica is in step', () => isInStep(server))
  return server
}

/** For every server that has data. It forks for nothing but a replica's first copy. */
export function dataConfig({
  appendonly = false,
  users = [],
  config = [],
  replicaOf,
}: RedisOptions): string[] {
  return [
    'save ""',
    `appendonly ${appendonly ? 'yes' : 'no'}`,
    'auto-aof-rewrite-percentage 0',
    'repl-diskless-sync-delay 0',
    'shutdown-timeout 0',
    'enable-debug-command yes',
    `masteruser ${OPERATOR}`,
    `masterauth ${OPERATOR}`,
    ...users.map((user) => `user ${user}`),
    ...(replicaOf === undefined ? [] : [`replicaof ${replicaOf.host ?? LOOPBACK} ${replicaOf.port}`]),
    ...config,
  ]
}

export async function isInStep(replica: RedisServer): Promise<boolean> {
  const info = await answerOf(replica, ['INFO', 'replication'])
  return typeof info === 'string' && info.includes('master_link_status:up')
}

function serving({ tls = false }: RedisOptions, { folder, ports: [port = 0] }: Place): string[] {
  if (!tls) return [`port ${port}`]
  const pem = join(folder, 'tls.pem')
  return [
    'port 0',
    `tls-port ${port}`,
    `tls-cert-file ${pem}`,
    `tls-key-file ${pem}`,
    `tls-ca-cert-file ${pem}`,
    'tls-auth-clients no',
  ]
}
