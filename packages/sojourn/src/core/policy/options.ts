/**
 * The options of `createSessions`, their defaults and their limits. Everything is checked at once, before
 * anything is opened, and turned into plain numbers that the request path reads.
 */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { type Dictionary, dictionary } from '../data/encoding.ts'
import { type Duration, durationText, parseDuration, parseSize, type Size } from './duration.ts'
import type { Environment } from '../environment.ts'
import { ConfigError, type ConfigProblem } from '../errors.ts'
import { type Lifetime, type Lifetimes, PROFILES, type ProfileName } from './lifetimes.ts'
import { type SecretsRing, secretsRing } from '../token/secrets.ts'
import { MAX_RECORDS } from '../roster.ts'
import type { DeviceLimit } from '../rules/admit.ts'
import { secretProblem } from './secret-strength.ts'
import type { SessionStore } from '../store.ts'
import type { ReadMode } from '../verdict/copies.ts'
import { unknownKeys } from './unknown-keys.ts'

/** Options of the engine; the transports add theirs. */
export interface ManagerOptions<Data> {
  /** The name of this deployment, 1 to 64 of `a-z 0-9 - _ .`; a store belongs to one. */
  readonly deployment: string
  /** Separates kinds of users within a deployment (`staff`, `customers`). Same alphabet; default `default`. */
  readonly realm?: string
  /**
   * At least one secret of at least 32 bytes from a random generator. The first signs, all verify. Prefer one
   * string per secret; `openssl rand -base64 48` prints a good one.
   */
  readonly secrets: string | readonly (string | Uint8Array)[]
  readonly store: SessionStore
  /**
   * How late a check may see a revocation that was made elsewhere: `bounded`, by the lease of the store's copies (at
   * most 5 s), or `strict`, not at all. The same where the store keeps none. Default `bounded`.
   */
  readonly mode?: ReadMode
  readonly data?: DataOptions<Data>
  /** Signed-in sessions. Default profile `aal2`: idle 1 h, absolute 24 h. */
  readonly lifetime?: LifetimeOptions
  /** Sessions of users who ask to be remembered; off by default under profile `aal3`. Default profile `aal1`: idle 14 d, absolute 30 d. `false`: never, and those that exist live under `lifetime`. */
  readonly remember?: LifetimeOptions | false
  /** Visitors. */
  readonly anonymous?: AnonymousOptions
  readonly devices?: DeviceOptions
  readonly regenerate?: RegenerateOptions
  /** Longest that a check may wait for the store, 10 ms to 10 s. Default `'250ms'`. */
  readonly deadline?: Duration
  /** Longest that a change may wait for one store call, 100 ms to 60 s. Default `'2s'`. */
  readonly commitDeadline?: Duration
  /** Longest from `attempt` to `signIn`, 1 min to 24 h. Default `'15m'`. */
  readonly attemptLifetime?: Duration
  /** Clocks, timers and randomness; default the system's. For tests. */
  readonly environment?: Environment
}

export interface DataOptions<Data> {
  /** Checks all data of a session whenever some of it is written. Must answer synchronously. */
  readonly schema?: StandardSchemaV1<unknown, Data>
  /** Keys that are stored as two bytes each. Order does not matter; keys may be added at any time. */
  readonly dictionary?: readonly string[]
  /** Most that one session's data may take, encoded; 64 B to 512 KiB. Default `'16KiB'`. */
  readonly limit?: Size
}

export interface LifetimeOptions {
  /** Where the two timeouts come from when they are not given. */
  readonly profile?: ProfileName
  /** Since last seen, at least 1 s. */
  readonly idle?: Duration
  /** Since authentication, at most 400 d. Never extended by activity. */
  readonly absolute?: Duration
}

export interface AnonymousOptions {
  /** Default `'1d'`. */
  readonly idle?: Duration
  /** Since creation. Default `'7d'`. */
  readonly absolute?: Duration
  /** The data keys that survive a sign-in. Default none. */
  readonly carry?: readonly string[]
}

export interface DeviceOptions {
  /** Most live sessions of one subject, 1 to 256. Default 10. */
  readonly limit?: number
  /** Beyond the limit, `evict-oldest` ends the least recently seen one, `reject` refuses the sign-in. Default `evict-oldest`. */
  readonly policy?: 'evict-oldest' | 'reject'
}

export interface RegenerateOptions {
  /** Gives a session a new secret this often, at least 1 min. Default `false`: at sign-in and elevation only. */
  readonly every?: Duration | false
  /** How long the secret before stays good for requests in flight, at most 60 s. Default `'30s'`. */
  readonly grace?: Duration
}

/** The options as the engine reads them: milliseconds, bytes, keys. */
export interface Settings {
  readonly deployment: string
  readonly realm: string
  readonly ring: SecretsRing
  readonly mode: ReadMode
  readonly lifetimes: Lifetimes
  readonly remember: boolean
  readonly carry: ReadonlySet<string>
  readonly words: Dictionary
  readonly schema: StandardSchemaV1<unknown, unknown> | undefined
  readonly dataLimit: number
  readonly devices: DeviceLimit
  readonly regenerateEveryMs: number
  readonly graceMs: number
  readonly deadlineMs: number
  readonly commitDeadlineMs: number
  readonly attemptMs: number
}

const DAY = 86_400_000
const NAME = /^[a-z0-9._-]{1,64}$/
export const MANAGER_OPTIONS: readonly string[] = [
  'deployment',
  'realm',
  'secrets',
  'store',
  'mode',
  'data',
  'lifetime',
  'remember',
  'anonymous',
  'devices',
  'regenerate',
  'deadline',
  'commitDeadline',
  'attemptLifetime',
  'environment',
]
const LIFETIME_KEYS = ['profile', 'idle', 'absolute'] as const

/** @throws ConfigError listing every problem, those in `found` first */
export function readOptions<Data>(
  options: ManagerOptions<Data>,
  found: readonly ConfigProblem[] = [],
): Settings {
  const check = new Check(found)
  const carry = check.texts('anonymous.carry', options.anonymous?.carry)
  const remembers =
    options.remember !== false && !(options.remember === undefined && options.lifetime?.profile === 'aal3')
  const session = check.lifetime('lifetime', options.lifetime, 'aal2')
  const settings: Omit<Settings, 'ring'> = {
    deployment: check.name('deployment', options.deployment),
    realm: check.name('realm', options.realm ?? 'default'),
    mode: check.mode(options.mode),
    lifetimes: {
      session,
      remember: remembers ? check.lifetime('remember', options.remember || undefined, 'aal1') : session,
      anonymous: check.timeouts('anonymous', options.anonymous, { idle: DAY, absolute: 7 * DAY }),
    },
    remember: remembers,
    carry: new Set(carry),
    words: check.dictionary(options.data?.dictionary),
    schema: check.schema(options.data?.schema),
    dataLimit: check.size('data.limit', options.data?.limit, {
      usual: 16 * 1024,
      least: 64,
      most: 512 * 1024,
    }),
    devices: check.devices(options.devices),
    regenerateEveryMs:
      options.regenerate?.every === false
        ? 0
        : check.duration('regenerate.every', options.regenerate?.every, {
            usual: 0,
            least: 60_000,
            most: 400 * DAY,
          }),
    graceMs: check.duration('regenerate.grace', options.regenerate?.grace, {
      usual: 30_000,
      least: 0,
      most: 60_000,
    }),
    deadlineMs: check.duration('deadline', options.deadline, { usual: 250, least: 10, most: 10_000 }),
    commitDeadlineMs: check.duration('commitDeadline', options.commitDeadline, {
      usual: 2000,
      least: 100,
      most: 60_000,
    }),
    attemptMs: check.duration('attemptLifetime', options.attemptLifetime, {
      usual: 15 * 60_000,
      least: 60_000,
      most: DAY,
    }),
  }
  check.keys('data', options.data, ['schema', 'dictionary', 'limit'])
  check.keys('anonymous', options.anonymous, ['idle', 'absolute', 'carry'])
  check.keys('regenerate', options.regenerate, ['every', 'grace'])
  if (options.remember === null) check.problem('remember', 'Write an object, or false.')
  check.environment(options.environment)
  check.store(options.store)
  const secrets = check.secrets(options.secrets)
  check.finish()
  return { ...settings, ring: secretsRing(secrets) }
}

interface Range {
  readonly usual: number
  readonly least: number
  readonly most: number
}

/** Collects problems instead of stopping at the first. */
class Check {
  readonly #problems: ConfigProblem[]

  constructor(found: readonly ConfigProblem[]) {
    this.#problems = [...found]
  }

  finish(): void {
    if (this.#problems.length > 0) throw new ConfigError(this.#problems)
  }

  problem(path: string, message: string): void {
    this.#problems.push({ path, message })
  }

  keys(path: string, value: object | undefined, known: readonly string[]): void {
    if (value === undefined) return
    if (typeof value !== 'object' || value === null) this.problem(path, 'Write an object.')
    else this.#problems.push(...unknownKeys(path, value, known))
  }

  name(path: string, value: unknown): string {
    if (typeof value === 'string' && NAME.test(value)) return value
    this.problem(path, 'Write a name of 1 to 64 characters from a-z, 0-9, dot, dash and underscore.')
    return ''
  }

  mode(value: unknown): ReadMode {
    if (value === undefined || value === 'bounded' || value === 'strict') return value ?? 'bounded'
    this.problem('mode', "Write 'bounded' or 'strict'.")
    return 'strict'
  }

  texts(path: string, value: unknown): readonly string[] {
    if (value === undefined) return []
    if (Array.isArray(value) && value.every((item) => typeof item === 'string' && item !== '')) return value
    this.problem(path, 'Write a list of data keys.')
    return []
  }

  duration(path: string, value: unknown, { usual, least, most }: Range): number {
    if (value === undefined) return usual
    const ms = parseDuration(value)
    if (ms !== undefined && ms >= least && ms <= most) return ms
    this.problem(
      path,
      `Write a duration from '${durationText(least)}' to '${durationText(most)}', such as '30s', '15m' or '14d'.`,
    )
    return usual
  }

  size(path: string, value: unknown, { usual, least, most }: Range): number {
    if (value === undefined) return usual
    const bytes = parseSize(value)
    if (bytes !== undefined && bytes >= least && bytes <= most) return bytes
    this.problem(path, `Write a size from '${least}B' to '${most / 1024}KiB', such as '4KiB'.`)
    return usual
  }

  lifetime(path: string, value: LifetimeOptions | undefined, usual: ProfileName): Lifetime {
    const profile = value?.profile ?? usual
    this.keys(path, value, LIFETIME_KEYS)
    if (Object.hasOwn(PROFILES, profile)) return this.timeouts(path, value, PROFILES[profile])
    this.problem(`${path}.profile`, `Write one of ${Object.keys(PROFILES).join(', ')}.`)
    return PROFILES[usual]
  }

  timeouts(
    path: string,
    value: { idle?: Duration; absolute?: Duration } | undefined,
    usual: Lifetime,
  ): Lifetime {
    const absolute = this.duration(`${path}.absolute`, value?.absolute, {
      usual: usual.absolute,
      least: 1000,
      most: 400 * DAY,
    })
    const idle = this.duration(`${path}.idle`, value?.idle, {
      usual: Math.min(usual.idle, absolute),
      least: 1000,
      most: 400 * DAY,
    })
    if (idle > absolute)
      this.problem(
        `${path}.idle`,
        `The idle timeout (${durationText(idle)}) is longer than the absolute one (${durationText(absolute)}). Shorten it.`,
      )
    return { idle, absolute }
  }

  dictionary(keys: unknown): Dictionary {
    const made = dictionary(this.texts('data.dictionary', keys))
    if (!('collision' in made)) return made
    this.problem(
      'data.dictionary',
      `The keys ${made.collision.map((key) => `"${key}"`).join(' and ')} have the same short name. Leave one of them out of the dictionary; it is then stored in full.`,
    )
    return { nameOf: new Map(), keyOf: new Map() }
  }

  schema(
    schema: StandardSchemaV1<unknown, unknown> | undefined,
  ): StandardSchemaV1<unknown, unknown> | undefined {
    if (schema !== undefined && typeof schema?.['~standard']?.validate !== 'function') {
      this.problem('data.schema', 'Pass a Standard Schema, such as one made with zod, valibot or arktype.')
    }
    return schema
  }

  devices(value: DeviceOptions | undefined): DeviceLimit {
    this.keys('devices', value, ['limit', 'policy'])
    const count = value?.limit ?? 10
    const policy = value?.policy ?? 'evict-oldest'
    if (!Number.isInteger(count) || count < 1 || count > MAX_RECORDS)
      this.problem('devices.limit', `Write a whole number from 1 to ${MAX_RECORDS}.`)
    if (policy !== 'evict-oldest' && policy !== 'reject')
      this.problem('devices.policy', "Write 'evict-oldest' or 'reject'.")
    return { count, policy }
  }

  environment(environment: unknown): void {
    const needed = ['now', 'monotonic', 'after', 'randomBytes', 'jitter', 'log'] as const
    const candidate = environment as Partial<Environment> | null | undefined
    if (
      candidate === undefined ||
      (candidate !== null && needed.every((name) => typeof candidate[name] === 'function'))
    )
      return
    this.problem(
      'environment',
      'Leave it out, or pass a whole Environment, such as fakeEnvironment() in tests.',
    )
  }

  store(store: unknown): void {
    const methods = ['read', 'list', 'commit', 'ping', 'close'] as const
    const candidate = store as Partial<SessionStore> | null | undefined
    const whole =
      typeof candidate === 'object' &&
      candidate !== null &&
      methods.every((method) => typeof candidate[method] === 'function')
    if (!whole || candidate.traits === undefined || candidate.documents === undefined) {
      this.problem('store', 'Pass a session store, such as memoryStore() or sqliteStore({ path }).')
    }
  }

  secrets(value: unknown): readonly (string | Uint8Array)[] {
    const secrets: readonly unknown[] =
      typeof value === 'string' ? [value] : Array.isArray(value) ? value : []
    if (secrets.length === 0)
      this.problem(
        'secrets',
        'Pass at least one secret. `openssl rand -base64 48` prints a good one; keep it out of the source.',
      )
    secrets.forEach((secret, index) => {
      const problem = secretProblem(secret)
      if (problem !== undefined) this.problem(`secrets[${index}]`, problem)
      else if (isRepeated(secrets, index))
        this.problem(`secrets[${index}]`, 'This secret stands in the list twice. Remove one.')
    })
    return secrets as readonly (string | Uint8Array)[]
  }
}

function isRepeated(secrets: readonly unknown[], index: number): boolean {
  const bytes = (secret: unknown): string => Buffer.from(secret as Uint8Array).toString('base64')
  const comparable = secrets.map((secret) =>
    typeof secret === 'string' || secret instanceof Uint8Array ? bytes(secret) : '',
  )
  return comparable.indexOf(comparable[index] as string) !== index
}
