/** What `redisStore` takes, and what it refuses. */
import type { Environment } from '../../core/environment.ts'
import { ConfigError, type ConfigProblem } from '../../core/errors.ts'
import { type Duration, parseDuration } from '../../core/policy/duration.ts'
import { unknownKeys } from '../../core/policy/unknown-keys.ts'
import { systemEnvironment } from '../../environment/system.ts'
import type { RedisPort } from './port.ts'
import { MOST_TAGS } from './slots.ts'

export interface RedisStoreOptions {
  /** The connection: `nodeRedis(…)`, `ioRedis(…)`, or a port of your own. It stays open when the store is closed. */
  readonly redis: RedisPort
  /** What every key and channel begins with, so that several deployments can share a Redis: 1 to 40 of `A–Z a–z 0–9 . _ -` and `:`. Default `'sojourn'`. */
  readonly prefix?: string
  /**
   * Into how many hash slots the rosters are laid: a power of two from 1 to 4096. Default 256. It can never change for
   * a deployment, so choose more than the cluster will ever have primaries; 16 times as many spread evenly.
   */
  readonly tags?: number
  /**
   * How many replicas every revocation must have reached before it is acknowledged, 0 to 16: all that are attached to a
   * primary, also those that are never promoted. `WAIT` counts any of them, so with fewer the one that is promoted may be
   * the one that was not waited for. Default 0: a failover may then forget the last revocations.
   */
  readonly voters?: number
  /** For how long reads count after the last proof that this Redis is still the primary, `'1s'` to `'5s'`. Default `'5s'`. */
  readonly fence?: Duration
  /** `'auto'`: changes are told to other processes as the port can. `'none'`: nobody is told. Equal in all processes. Default `'auto'`. */
  readonly invalidation?: 'auto' | 'none'
  /** Default: the system's. */
  readonly environment?: Environment
}

/** With defaults filled in. */
export interface RedisStoreSettings {
  readonly redis: RedisPort
  readonly prefix: string
  readonly tags: number
  readonly voters: number
  readonly fenceMs: number
  readonly tells: boolean
  readonly environment: Environment
}

const KNOWN = ['redis', 'prefix', 'tags', 'voters', 'fence', 'invalidation', 'environment'] as const
const DEFAULT_PREFIX = 'sojourn'
const DEFAULT_TAGS = 256
const DEFAULT_FENCE_MS = 5_000
const SHORTEST_FENCE_MS = 1_000
const LONGEST_FENCE_MS = 5_000
const MOST_VOTERS = 16
/** Braces would choose another slot. */
const PREFIX = /^[A-Za-z0-9._:-]{1,40}$/

/** @throws ConfigError that lists every problem */
export function settingsOf(options: RedisStoreOptions): RedisStoreSettings {
  const { redis, prefix = DEFAULT_PREFIX, tags = DEFAULT_TAGS, voters = 0, invalidation = 'auto' } = options
  const fenceMs =
    options.fence === undefined ? DEFAULT_FENCE_MS : (parseDuration(options.fence) ?? Number.NaN)
  const problems = [
    ...unknownKeys('', options, KNOWN),
    ...unless(
      isPort(redis),
      'redis',
      'Pass a connection: `redis: nodeRedis({ url })` of sojourn/stores/redis/node-redis.',
    ),
    ...unless(
      typeof prefix === 'string' && PREFIX.test(prefix),
      'prefix',
      "Write 1 to 40 letters, digits, '.', '_', '-' or ':', such as 'shop'.",
    ),
    ...unless(
      isPowerOfTwo(tags) && tags <= MOST_TAGS,
      'tags',
      'Write a power of two from 1 to 4096, such as 256.',
    ),
    ...unless(
      Number.isSafeInteger(voters) && voters >= 0 && voters <= MOST_VOTERS,
      'voters',
      'Write how many replicas every revocation must reach: a whole number from 0 to 16.',
    ),
    ...unless(
      fenceMs >= SHORTEST_FENCE_MS && fenceMs <= LONGEST_FENCE_MS,
      'fence',
      "Write a duration from '1s' to '5s'.",
    ),
    ...unless(invalidation === 'auto' || invalidation === 'none', 'invalidation', "Write 'auto' or 'none'."),
  ]
  if (problems.length > 0) throw new ConfigError(problems)
  const { environment = systemEnvironment } = options
  return { redis, prefix, tags, voters, fenceMs, tells: invalidation === 'auto', environment }
}

function unless(isGood: boolean, path: string, message: string): readonly ConfigProblem[] {
  return isGood ? [] : [{ path, message }]
}

function isPort(value: unknown): boolean {
  const port = value as Partial<RedisPort> | null | undefined
  return typeof port?.command === 'function' && typeof port.writeAndWait === 'function'
}

function isPowerOfTwo(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 1 && Number.isInteger(Math.log2(value))
}
