/** Redis servers for the time of a test, and how an application is told where they are. */
import { onTestFinished } from 'vitest'
import {
  type ClusterOptions,
  type RedisCluster,
  type RedisOptions,
  type RedisSentinels,
  type RedisServer,
  type SentinelOptions,
  startCluster,
  startRedis,
  startSentinel,
} from '../../programs/index.ts'
import type { RedisPlace } from './options.ts'

export type At<Servers> = Servers & { readonly place: RedisPlace }

export async function redis(options?: RedisOptions): Promise<At<RedisServer>> {
  const server = ending(await startRedis(options))
  return withPlace(server, { url: server.url })
}

export async function sentinels(options?: SentinelOptions): Promise<At<RedisSentinels>> {
  const group = ending(await startSentinel(options))
  return withPlace(group, {
    sentinels: group.sentinels.map(({ host, port }) => ({ host, port })),
    name: group.name,
  })
}

export async function cluster(options?: ClusterOptions): Promise<At<RedisCluster>> {
  const nodes = ending(await startCluster(options))
  return withPlace(nodes, { cluster: nodes.urls })
}

/** Stops with the test. */
export function ending<T extends { readonly stop: () => Promise<void> }>(servers: T): T {
  onTestFinished(() => servers.stop())
  return servers
}

/** The process id of a server changes when it is started again, so nothing is copied. */
function withPlace<T extends object>(servers: T, place: RedisPlace): At<T> {
  return Object.assign(servers, { place })
}
