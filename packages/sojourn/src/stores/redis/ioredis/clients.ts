/** The driver's clients, made from options so that the rules of a port hold. */
import { Cluster, Redis } from 'ioredis'
import type { Environment } from '../../../core/environment.ts'
import { type Location, parseUrl, SENTINEL_PORT, seedsIn, withPort } from '../address.ts'
import { isCluster } from './given.ts'
import type { IoRedisCluster, IoRedisOptions, IoRedisSentinels, IoRedisUrl } from './options.ts'
import { clusterSettings, type NodeSettings, nodeSettings, sentinelSettings } from './settings.ts'

export function clientFor(options: IoRedisOptions, environment: Environment): Redis | Cluster {
  if ('url' in options) return single(options, environment)
  if ('sentinels' in options) return behindSentinels(options, environment)
  if ('cluster' in options) return cluster(options, environment)
  return isCluster(options.client) ? options.client : (options.client as unknown as Redis)
}

function single(options: IoRedisUrl, environment: Environment): Redis {
  const found = parseUrl(options.url)
  const { place, database: db = 0 } = found ?? {}
  return new Redis({ ...nodeSettings(environment), ...place, db, ...security(options, found) })
}

function behindSentinels(options: IoRedisSentinels, environment: Environment): Redis {
  const { sentinels, name, db = 0, sentinelCredentials: signIn, tls } = options
  return new Redis({
    ...sentinelSettings(environment),
    ...security(options),
    sentinels: sentinels.map(withPort(SENTINEL_PORT)),
    name,
    db,
    ...(signIn?.username === undefined ? {} : { sentinelUsername: signIn.username }),
    ...(signIn?.password === undefined ? {} : { sentinelPassword: signIn.password }),
    ...(tls === undefined ? {} : { sentinelTLS: tls }),
  })
}

function cluster(options: IoRedisCluster, environment: Environment): Cluster {
  const { hosts, ...found } = seedsIn(options.cluster)
  const { enableOfflineQueue: _, retryStrategy: __, ...settings } = nodeSettings(environment)
  const redisOptions = { ...settings, ...security(options, found) }
  return new Cluster([...hosts], { ...clusterSettings(environment), redisOptions })
}

/** What the options say wins over what a URL says. */
function security(
  { username, password, tls }: Pick<IoRedisUrl, 'username' | 'password' | 'tls'>,
  found: Pick<Location, 'tls' | 'credentials'> = {},
): Pick<NodeSettings, 'username' | 'password' | 'tls'> {
  return {
    ...found.credentials,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls !== undefined ? { tls } : found.tls ? { tls: {} } : {}),
  }
}
