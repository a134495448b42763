/**
 * The driver's options that keep the rules of a port, whoever is connected to.
 *
 * - A call is never queued: `enableOfflineQueue`. In a cluster the option of the same name means the cluster's own
 *   queue; the driver gives every node another one, which `links.ts` turns off.
 * - A call is never sent again: `autoResendUnfulfilledCommands` repeats what was written and not answered (a cluster
 *   does that too, see `command.ts`). `maxRetriesPerRequest` has to be 0: with any other number, and without
 *   resending, what was written before a reconnect is forgotten and never settles.
 * - `READONLY` is what a demoted primary says: the connection is made again, through the Sentinels where there are some.
 * - `autoResubscribe` is off because `feed.ts` must know of every gap.
 */
import type { ClusterOptions, RedisOptions as DriverOptions } from 'ioredis'
import type { Environment } from '../../../core/environment.ts'
import { pauses } from '../pauses.ts'

/** Replies have the shape of RESP2, which is the driver's default. */
export type NodeSettings = Omit<DriverOptions, 'replyMapping'>

export const CONNECT_MS = 1_000
/** After the polite end of a connection, until it is cut. */
const PARTING_MS = 250
/** A server that loads its data is asked about it this often, so that it is not taken for a silent one. */
const LOADING_MS = 300
/** A slot that moved while nobody used it is noticed so. */
const REFRESH_MS = 5_000

export function nodeSettings(environment: Environment): NodeSettings {
  return {
    protocol: 3,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    maxRetriesPerRequest: 0,
    enableReadyCheck: false,
    disableClientInfo: true,
    connectTimeout: CONNECT_MS,
    disconnectTimeout: PARTING_MS,
    maxLoadingRetryTime: LOADING_MS,
    retryStrategy: pauses(environment),
    reconnectOnError: isDemoted,
  }
}

/** The ready check is what asks the server that a Sentinel named whether it is a primary. */
export function sentinelSettings(environment: Environment): NodeSettings {
  return {
    ...nodeSettings(environment),
    enableReadyCheck: true,
    enableTLSForSentinelMode: true,
    sentinelCommandTimeout: CONNECT_MS,
    sentinelRetryStrategy: pauses(environment),
  }
}

export function clusterSettings(environment: Environment): ClusterOptions {
  return {
    enableOfflineQueue: false,
    enableReadyCheck: false,
    slotsRefreshTimeout: CONNECT_MS,
    slotsRefreshInterval: REFRESH_MS,
    clusterRetryStrategy: pauses(environment),
    // Names stay names: a certificate is for a name.
    dnsLookup: (host, callback) => callback(null, host),
  }
}

/** For a connection that is not made again when it is lost. */
export const ONCE: NodeSettings = {
  lazyConnect: true,
  retryStrategy: () => null,
  sentinelRetryStrategy: () => null,
}

function isDemoted(error: Error): boolean {
  return error.message.startsWith('READONLY')
}
