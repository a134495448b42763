/** What an application process is told, and what it is asked. It passes through JSON. */
import type { SessionsOptions } from 'sojourn'
import type { RedisStoreOptions } from 'sojourn/stores/redis'
import type { IoRedisCluster, IoRedisSentinels, IoRedisUrl } from 'sojourn/stores/redis/ioredis'
import type { NearOptions } from 'sojourn/stores/tiered'
import type { Operation } from '../history.ts'

export interface ApplicationOptions {
  /** As its history calls it. */
  readonly name: string
  /** Of Redis. Default `node-redis`. */
  readonly driver?: Driver
  /** Either this or `memcached`. */
  readonly redis?: RedisPlace
  /** Its servers, alone. */
  readonly memcached?: readonly string[]
  readonly store?: Omit<RedisStoreOptions, 'redis' | 'environment'>
  /** Default: no copies. */
  readonly near?: NearOptions
  readonly sessions?: Pick<
    SessionsOptions<Data>,
    'mode' | 'lifetime' | 'devices' | 'regenerate' | 'deadline' | 'commitDeadline' | 'attemptLifetime'
  >
  /** What all its connections come from. Default: what the system chooses. */
  readonly localAddress?: string
  /** What stands before its command line, such as `ip netns exec lab`. Default: nothing. */
  readonly prefix?: readonly string[]
  /** How many ports to the store it has besides, which only wait. Default 0. */
  readonly idlePorts?: number
  /** Looks every five seconds for what voids a promise. Default false. */
  readonly doctor?: boolean
}

export type Driver = 'node-redis' | 'ioredis'

/** Both drivers' ports take these words. */
export type RedisPlace = IoRedisUrl | IoRedisSentinels | IoRedisCluster

export interface Data {
  readonly count?: number
}

export const DRIVERS: readonly Driver[] = ['node-redis', 'ioredis']

/** A session as a client has it. */
export interface Held {
  readonly session: string
  readonly subject: string
  readonly token: string
}

/**
 * One thing that is asked of the session manager.
 *
 * `hold`: checks the token and keeps the session, so that the next `change` or `regenerate` with this token goes on from
 * there. `attempt`: begins a sign-in, and the next `signIn` of this subject goes on from there. Neither is an operation
 * that a checker looks at, but for the check of `hold`.
 */
export type Call =
  | { readonly op: 'attempt'; readonly subject: string }
  | { readonly op: 'signIn'; readonly subject: string }
  | { readonly op: 'hold'; readonly token: string; readonly mode?: Mode }
  | { readonly op: 'verify'; readonly token: string; readonly mode?: Mode }
  /** As a web request with the token in its cookie. */
  | { readonly op: 'request'; readonly token: string; readonly mode?: Mode }
  /** Counts one in the session's data. */
  | { readonly op: 'change'; readonly token: string }
  | { readonly op: 'regenerate'; readonly token: string; readonly because?: 'age' | 'privilege' }
  | { readonly op: 'signOut'; readonly token: string }
  | { readonly op: 'revoke'; readonly session: string }
  | { readonly op: 'revokeAll'; readonly subject: string }
  | { readonly op: 'revokeEverything' }

export type Mode = 'strict' | 'bounded'

export interface Called {
  readonly operation: Operation
  /** What a sign-in or a new token hands out. */
  readonly held?: Held
  /** What a check found in the session's data. */
  readonly count?: number
}

/** Checks in the background, as many a second, until `quiet`. */
export interface Load {
  readonly sessions: readonly Held[]
  readonly perSecond: number
  readonly mode?: Mode
  /** Default `verify`; `request` shows what happens to cookies. */
  readonly as?: 'verify' | 'request'
  /** Which part of them is for the first of the sessions. Default: all have the same. */
  readonly hot?: number
  /** Which part of them are changes instead. Default 0. */
  readonly changes?: number
  /** `false`: only counted, for loads of many thousands a second. Default true. */
  readonly recorded?: boolean
}

/** What became of a load. */
export interface LoadFigures {
  readonly sent: number
  /** By result. */
  readonly results: Readonly<Record<string, number>>
  /** How long each took, milliseconds; of at most 50,000, chosen evenly. */
  readonly tookMs: readonly number[]
  /** The same for those that were not for the hot session. */
  readonly othersTookMs: readonly number[]
}

/** What the doctor found, and when. */
export interface Found {
  readonly code: string
  readonly at: number
}

export interface Commands {
  call: { readonly calls: readonly Call[]; readonly atOnce: number }
  load: Load
  quiet: undefined
  /** By name and labels, without the realm: `sojourn.breaker.opened checks`. */
  figures: undefined
  findings: undefined
  /** Sends what was recorded and not sent yet. */
  flush: undefined
}

export interface Answers {
  call: readonly Called[]
  load: undefined
  quiet: LoadFigures
  figures: Readonly<Record<string, number>>
  findings: readonly Found[]
  flush: undefined
}

export interface Question {
  readonly id: number
  readonly command: keyof Commands
  readonly input?: Commands[keyof Commands]
}

export type Said =
  /** Said once. */
  | { readonly ready: true }
  | { readonly id: number; readonly answer?: Answers[keyof Answers] }
  | { readonly id: number; readonly error: string }
  | { readonly history: readonly Operation[] }
