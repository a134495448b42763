/** The driver's clients, made from options so that the rules of a port hold. */
import { Cluster, Redis } from 'ioredis'
import type { Environment } from '../../../core/environment.ts'
import { addressIn } from './address.ts'
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
  const { isSecure = false, ...place } = addressIn(options.url) ?? {}
  return new Redis({ ...nodeSettings(environment), ...place, ...security(options, isSecure) })
}

function behindSentinels(options: IoRedisSentinels, environment: Environment): Redis {
  const { sentinels, name, db = 0, sentinelCredentials: signIn, tls } = options
  return new Redis({
    ...sentinelSettings(environment),
    ...security(options, false),
    sentinels: sentinels.map(({ host, port = 26_379 }) => ({ host, port })),
    name,
    db,
    ...(signIn?.username === undefined ? {} : { sentinelUsername: signIn.username }),
    ...(signIn?.password === undefined ? {} : { sentinelPassword: signIn.password }),
    ...(tls === undefined ? {} : { sentinelTLS: tls }),
  })
}

function cluster(options: IoRedisCluster, environment: Environment): Cluster {
  const addresses = options.cluster.map((node) =>
    typeof node === 'string' ? addressIn(node) : { ...node, isSecure: false },
  )
  const nodes = addresses.map((address) => ({
    host: address?.host ?? '',
    port: address?.port ?? 6_379,
  }))
  const isSecure = addresses.some((address) => address?.isSecure)
  const { enableOfflineQueue: _, retryStrategy: __, ...settings } = nodeSettings(environment)
  const redisOptions = { ...settings, ...security(options, isSecure) }
  return new Cluster(nodes, { ...clusterSettings(environment), redisOptions })
}

function security(
  { username, password, tls }: Pick<IoRedisUrl, 'username' | 'password' | 'tls'>,
  isSecure: boolean,
): Pick<NodeSettings, 'username' | 'password' | 'tls'> {
  return {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls !== undefined ? { tls } : isSecure ? { tls: {} } : {}),
  }
}
