/**
 * The port for `ioredis` 6: `sojourn/stores/redis/ioredis`. The driver is imported by this door only, and no type of it
 * is in what is exported.
 *
 *     ioredis/clients.ts    the driver's clients, with settings.ts: never queued, never sent again
 *     ioredis/command.ts    a command, half as dear as the driver's own
 *     ioredis/links.ts      one server, Sentinels and cluster, the same to look at
 *     ioredis/watch.ts      finds connections that have gone silent
 *     ioredis/first-attempt.ts   what is asked before there was a connection
 *     ioredis/lanes.ts      writes that wait for replicas, each lane.ts on a connection of its own
 *     ioredis/feed.ts       changes, heard on the reads' own connections
 *     ioredis/naming.ts     who is named as the primary
 *     ioredis/routing.ts    that it may be another one now
 */
import type { Cluster, Redis } from 'ioredis'
import type { Environment } from '../../core/environment.ts'
import { ConfigError, SystemError } from '../../core/errors.ts'
import { systemEnvironment } from '../../environment/system.ts'
import { clientFor } from './ioredis/clients.ts'
import { driverCommand, ignore } from './ioredis/command.ts'
import { createFeed } from './ioredis/feed.ts'
import { isCluster, problemsOfClient } from './ioredis/given.ts'
import { createLanes } from './ioredis/lanes.ts'
import { clusterLinks, gone, keepConnected, type Links, singleLinks } from './ioredis/links.ts'
import { isNamedByCluster, isNamedBySentinels } from './ioredis/naming.ts'
import { type IoRedisOptions, problemsOf } from './ioredis/options.ts'
import { firstAttempt } from './ioredis/first-attempt.ts'
import { createRouting } from './ioredis/routing.ts'
import { watchForSilence } from './ioredis/watch.ts'
import { withTextAlone } from './failures.ts'
import type { CommandArgument, RedisPort, Reply } from './port.ts'

export type { Address } from './address.ts'
export type {
  IoRedisClient,
  IoRedisCluster,
  IoRedisGiven,
  IoRedisOptions,
  IoRedisSentinels,
  IoRedisUrl,
} from './ioredis/options.ts'

/**
 * Connects at once, and again for ever. Calls made before the first attempt has ended wait for it, so that a process may
 * begin with one; later ones are rejected at once while there is no connection.
 *
 * Changes are heard (`feed`) in every topology, on the connections that reads go through. A connection that has gone
 * silent is replaced within a second, also one of a client that was handed in.
 *
 * **Cost**: some 4 µs of CPU for each command when 50 are in flight, of which Node's socket is 3; one connection (in a
 * cluster one for each node), and up to four for each primary that `writeAndWait` was called for.
 * @throws ConfigError for options that cannot work, and for a client that would queue calls or send them again
 */
export function ioRedis(options: IoRedisOptions): RedisPort {
  const problems = 'client' in options ? problemsOfClient(options.client) : []
  const all = [...problemsOf(options), ...problems]
  if (all.length > 0) throw new ConfigError(all)
  const { environment = systemEnvironment } = options
  const client = clientFor(options, environment)
  return portOver(client, { environment, isOwn: !('client' in options) })
}

interface PortOptions {
  readonly environment: Environment
  readonly isOwn: boolean
}

function portOver(client: Redis | Cluster, options: PortOptions): RedisPort {
  const { environment, isOwn } = options
  const links = isCluster(client) ? clusterLinks(client) : singleLinks(client)
  const reason = reasonOf(client)
  const first = firstAttempt(client)
  const routing = createRouting(links)
  const lanes = createLanes(links, environment)
  const feed = createFeed(links, environment)
  const stopWatching = links.onNode((node) => watchForSilence(node, { environment }))
  const stopConnecting = isCluster(client) ? keepConnected(client, environment) : ignore
  let isClosed = false

  async function close(): Promise<void> {
    isClosed = true
    first.end()
    feed.close()
    routing.close()
    stopWatching()
    stopConnecting()
    links.leave()
    const open = isOwn ? links.nodes().map(gone) : []
    if (isOwn) client.disconnect()
    else reason.forget()
    await Promise.all([lanes.close(), ...open])
  }

  function ask<T>(call: () => Promise<T>): Promise<T> {
    if (isClosed) return refused()
    return first.isOver ? call() : first.over.then(() => (isClosed ? refused() : call()))
  }

  return {
    traits: { driver: 'ioredis', topology: links.topology, invalidation: 'feed' },
    command: (args, { key }) =>
      ask(() => send(links, { args, key, explain: reason.explain, moved: routing.changed })),
    writeAndWait: (args, wait) => ask(() => lanes.writeAndWait(args, wait)),
    subscribe: (interest) => (isClosed ? ignore : feed.subscribe(interest)),
    ...namingOver({ client, links, environment }),
    watchRouting: routing.watch,
    giveUp: (key) => void links.primaryOf(key)?.stream?.destroy(),
    close,
  }
}

function refused(): Promise<never> {
  return Promise.reject(new SystemError('CLOSED', 'The Redis port was closed.'))
}

interface Sent {
  readonly args: readonly CommandArgument[]
  readonly key: string
  readonly explain: (error: Error) => Error
  readonly moved: () => void
}

function send(links: Links, { args, key, explain, moved }: Sent): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error): void => reject(explain(error))
    links.send(driverCommand(args, { resolve, reject: failed, slot: links.slotOf(key), moved }))
  })
}

interface Reason {
  /** A call that found no connection has as its cause why there is none: a wrong password, a name that nobody knows. */
  readonly explain: (error: Error) => Error
  readonly forget: () => void
}

/**
 * What went wrong with connections since the last one that was well. Without a listener the driver prints it. Only the
 * text is kept: on the error hangs the command, with the password, and a server that does not know it repeats it.
 */
function reasonOf(client: Redis | Cluster): Reason {
  let last: unknown
  const keep = (error: Error): void => void (last = withTextAlone(error))
  const drop = (): void => void (last = undefined)
  const listeners = isCluster(client)
    ? { error: ignore, 'node error': keep, ready: drop }
    : { error: keep, ready: drop }
  for (const [event, listener] of Object.entries(listeners)) client.on(event, listener)
  return {
    explain(error) {
      if (NEVER_SENT.test(error.message)) return notConnected(last)
      if (last !== undefined) error.cause ??= last
      return error
    },
    forget() {
      for (const [event, listener] of Object.entries(listeners)) client.off(event, listener)
    },
  }
}

/** Of other calls that fail nobody knows whether they were done: why another node has no connection is not their reason. */
const NEVER_SENT = /(?:isn't writeable|isn't ready) and enableOfflineQueue|^There is no connection/

function notConnected(cause: unknown): SystemError {
  return new SystemError('STORE_UNAVAILABLE', 'There is no connection to Redis at the moment.', {
    retryable: true,
    cause,
  })
}

interface Naming {
  readonly client: Redis | Cluster
  readonly links: Links
  readonly environment: Environment
}

/** Behind a `natMap` the names that Sentinels give are not those that are connected to. */
function namingOver({ client, links, environment }: Naming): Pick<RedisPort, 'isNamedPrimary'> {
  if (isCluster(client)) return { isNamedPrimary: (key) => isNamedByCluster(links, key) }
  const { sentinels, natMap } = client.options
  if (!sentinels || natMap) return {}
  return { isNamedPrimary: () => isNamedBySentinels(client, environment) }
}
