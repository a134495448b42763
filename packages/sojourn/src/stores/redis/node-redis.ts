/**
 * The Redis port over `@redis/client` 6: `sojourn/stores/redis/node-redis`.
 *
 * The driver speaks the protocol, one plain client to one address (`node-redis/dial.ts`). Everything that decides what a
 * failure means is here: when a connection is given up and replaced (`link.ts`), which server is the primary
 * (`sentinels.ts`, `cluster.ts`), what leaves together (`waits.ts`). The driver's own Sentinel and Cluster clients are
 * not used: the first sends a command again after a connection was lost, which the port must never do; the second waits for
 * a node that is down, and nothing can replace one of its connections that has gone silent.
 *
 * Copies are invalidated by RESP3 tracking on the connection that reads, in every topology: `CLIENT TRACKING ON`.
 */
import type { RedisPort } from './port.ts'
import { clusterPort } from './node-redis/cluster.ts'
import { dialer } from './node-redis/dial.ts'
import type { NodeRedisOptions } from './node-redis/options.ts'
import { readOptions } from './node-redis/reading.ts'
import { sentinelPort } from './node-redis/sentinel.ts'
import { singlePort } from './node-redis/single.ts'

export type { Address } from './address.ts'
export type {
  ClientOptions,
  ClusterOptions,
  CommonOptions,
  Credentials,
  DriverClient,
  NodeRedisOptions,
  SentinelOptions,
  SingleOptions,
} from './node-redis/options.ts'

/**
 * Begins to connect at once and goes on for ever; a call made before the first attempt has ended waits for it, later
 * ones are rejected at once while there is no connection (`STORE_UNAVAILABLE`, with the reason).
 *
 * **Cost**: one connection to each primary, a second from its first `writeAndWait`, five `PING` a second on each.
 * @throws ConfigError with every problem of the options
 */
export function nodeRedis(options: NodeRedisOptions): RedisPort {
  const target = readOptions(options)
  const { environment } = target
  if ('sentinels' in target)
    return sentinelPort({
      ...target,
      dial: dialer(target.access),
      dialSentinel: dialer(target.sentinelAccess),
    })
  if ('seeds' in target) return clusterPort({ ...target, dial: dialer(target.access) })
  return singlePort({ environment, dial: dialer(target.access), place: target.place })
}
