/** What an application of these tests is told when its process starts. It passes through JSON. */
import type { SessionsOptions } from 'sojourn'
import type { RedisStoreOptions } from 'sojourn/stores/redis'
import type { IoRedisCluster, IoRedisSentinels, IoRedisUrl } from 'sojourn/stores/redis/ioredis'
import type { NearOptions } from 'sojourn/stores/tiered'

export interface AppOptions {
  readonly driver: Driver
  readonly redis: RedisPlace
  readonly store?: Omit<RedisStoreOptions, 'redis' | 'environment'>
  /** Default: no copies. */
  readonly near?: NearOptions
  readonly sessions?: Pick<SessionsOptions<AppData>, 'lifetime' | 'deadline' | 'commitDeadline'>
}

export type Driver = 'node-redis' | 'ioredis'

/** Both drivers' ports take these words. */
export type RedisPlace = IoRedisUrl | IoRedisSentinels | IoRedisCluster

export interface AppData {
  readonly note?: string
}

export const DRIVERS: readonly Driver[] = ['node-redis', 'ioredis']

/** As an application has them that says nothing. */
export const USUAL_DEADLINES = { deadline: '250ms', commitDeadline: '2s' } as const

/** Random enough for the library, and recognisable. */
export const SECRET = 'h0ldC4n4ry-7Jw2mXq9LtV5bYzKdRf3HgPe1UaN8oIs'
