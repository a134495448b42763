/** What `nodeRedis` takes. Types of the driver do not appear here, so that a program without it compiles. */
import type { ConnectionOptions } from 'node:tls'
import type { Environment } from '../../../core/environment.ts'
import type { Address } from '../address.ts'

export type NodeRedisOptions = SingleOptions | SentinelOptions | ClusterOptions | ClientOptions

export interface Credentials {
  /** Default: the server's `default` user. */
  readonly username?: string | undefined
  /** A function is asked at every connection, so that a password can change without a restart. Default none. */
  readonly password?: string | (() => string | Promise<string>) | undefined
}

export interface CommonOptions extends Credentials {
  /** `true`, or what `node:tls` takes (`ca`, `cert`, `key`, `servername`). Default: none, unless a URL begins with `rediss:`. */
  readonly tls?: true | ConnectionOptions | undefined
  /** Default: the system's. */
  readonly environment?: Environment | undefined
}

/** One server, or a name that always leads to the primary. */
export interface SingleOptions extends CommonOptions {
  /** `redis://`, `rediss://` or `unix:///path?db=0`, with user, password and database where they are needed. */
  readonly url: string
}

/** A primary that Sentinels name. */
export interface SentinelOptions extends CommonOptions {
  /** All of them: a majority of this list is asked whether a primary is still the one. */
  readonly sentinels: readonly Address[]
  /** What the Sentinels call the primary (`sentinel monitor <name> …`). */
  readonly name: string
  /** Default 0. */
  readonly database?: number | undefined
  /** For the Sentinels themselves, which have users of their own. Default none. `tls` holds for them too. */
  readonly sentinelCredentials?: Credentials | undefined
}

export interface ClusterOptions extends CommonOptions {
  /** Where to ask first, as URLs (`redis://host:port`) or addresses; the others are found. User, password and TLS of one hold for all. */
  readonly cluster: readonly (string | Address)[]
}

/** The settings of a client that the application has made with `createClient`. */
export interface ClientOptions {
  /**
   * It is duplicated, and neither used nor closed: connections whose replies are bytes and whose retries are ours cannot
   * be shared. Its address, credentials, TLS and database hold.
   */
  readonly client: DriverClient
  /** Default: the system's. */
  readonly environment?: Environment | undefined
}

/** What is needed of a client that `createClient` of `@redis/client` 6 made. */
export interface DriverClient {
  duplicate(): object
}
