/** What `ioRedis` is told, in words of its own, and everything that can be wrong with it. */
import type { ConnectionOptions } from 'node:tls'
import type { Environment } from '../../../core/environment.ts'
import type { ConfigProblem } from '../../../core/errors.ts'
import { unknownKeys } from '../../../core/policy/unknown-keys.ts'
import type { Address } from '../address.ts'
import {
  problemsOfDatabase,
  problemsOfSeeds,
  problemsOfSentinels,
  problemsOfUrl,
} from '../address-problems.ts'

export type IoRedisOptions = IoRedisUrl | IoRedisSentinels | IoRedisCluster | IoRedisGiven

interface Common {
  /** ACL user. Default: that of the URL, or `default`. */
  readonly username?: string | undefined
  /** Default: that of the URL, or none. */
  readonly password?: string | undefined
  /** Passed to `tls.connect`. Default: TLS where a URL is `rediss:`, with the system's authorities. */
  readonly tls?: ConnectionOptions | undefined
  /** Default: the system's. */
  readonly environment?: Environment | undefined
}

/** One server. */
export interface IoRedisUrl extends Common {
  /** `redis://user:password@host:port/db`, `rediss:` for TLS, or the path of a Unix socket, `unix:///path`. */
  readonly url: string
}

/** The primary that Sentinels name. */
export interface IoRedisSentinels extends Common {
  /** All of them: a majority of these decides who is named. `tls` is for them too. */
  readonly sentinels: readonly Address[]
  /** What they call the primary. */
  readonly name: string
  /** Default 0. */
  readonly db?: number | undefined
  /** Only if the Sentinels ask for one. */
  readonly sentinelCredentials?: Pick<Common, 'username' | 'password'> | undefined
}

/** A cluster. */
export interface IoRedisCluster extends Common {
  /** Some of its nodes, as `redis://host:port` or by host and port: the others are found through them. User, password and TLS of one hold for all. */
  readonly cluster: readonly (string | Address)[]
}

/** A client that the application has. It stays open when the port is closed. */
export interface IoRedisGiven {
  /** A `Redis` or a `Cluster` of ioredis 6, with the options that docs/redis/ioredis.md lists. */
  readonly client: IoRedisClient
  readonly environment?: Environment | undefined
}

/** Both of the driver's clients are this, and nothing of the driver need be installed to say so. */
export interface IoRedisClient {
  readonly isCluster: boolean
  readonly status: string
  readonly options: object
}

const COMMON = ['username', 'password', 'tls', 'environment']
/** What says where to connect to, and what goes with it. */
const WAYS = {
  url: ['url', ...COMMON],
  sentinels: ['sentinels', 'name', 'db', 'sentinelCredentials', ...COMMON],
  cluster: ['cluster', ...COMMON],
  client: ['client', 'environment'],
} as const

export function problemsOf(options: IoRedisOptions): readonly ConfigProblem[] {
  const ways = (Object.keys(WAYS) as (keyof typeof WAYS)[]).filter((way) => way in options)
  const [way] = ways
  if (way === undefined || ways.length > 1)
    return [{ path: '', message: 'Write one of `url`, `sentinels` with `name`, `cluster` and `client`.' }]
  return [...unknownKeys('', options, WAYS[way]), ...problemsOfPlace(options)]
}

function problemsOfPlace(options: IoRedisOptions): readonly ConfigProblem[] {
  if ('url' in options) return problemsOfUrl(options.url)
  if ('cluster' in options) return problemsOfSeeds(options.cluster)
  if (!('sentinels' in options)) return []
  const { sentinels, name, db = 0 } = options
  return [...problemsOfSentinels(sentinels, name), ...problemsOfDatabase('db', db)]
}
