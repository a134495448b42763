/** The options of `tieredStore`, checked all at once and turned into milliseconds. */
import { ConfigError, type ConfigProblem } from '../../core/errors.ts'
import { type Duration, durationText, parseDuration } from '../../core/policy/duration.ts'
import { unknownKeys } from '../../core/policy/unknown-keys.ts'
import { authorityOf, type SessionStore } from '../../core/store.ts'
import type { NearOptions, TieredStoreOptions } from './index.ts'

export interface NearSettings {
  readonly entries: number
  readonly leaseMs: number
  readonly negativeMs: number
}

/** The bound within which every process sees a revocation. */
const LONGEST_LEASE_MS = 5000
const SHORTEST_LEASE_MS = 10
const USUAL_NEGATIVE_MS = 1000
const USUAL_ENTRIES = 100_000
/** lru-cache counts in 32 bits. */
const MOST_ENTRIES = 100_000_000

/** @throws ConfigError listing every problem */
export function readTieredOptions(options: TieredStoreOptions): NearSettings {
  const isObject = typeof options === 'object' && options !== null
  const { near = {}, hot }: Partial<TieredStoreOptions> = isObject ? options : {}
  const problems: ConfigProblem[] = isObject
    ? [...unknownKeys('', options, ['near', 'hot', 'environment'])]
    : []
  const hotProblem = problemOfHot(hot)
  if (hotProblem !== undefined) problems.push({ path: 'hot', message: hotProblem })
  const settings = readNear(near, problems)
  if (problems.length > 0) throw new ConfigError(problems)
  return settings
}

function readNear(near: NearOptions, problems: ConfigProblem[]): NearSettings {
  if (typeof near !== 'object' || near === null) {
    problems.push({ path: 'near', message: 'Write an object.' })
    return { entries: 0, leaseMs: 0, negativeMs: 0 }
  }
  problems.push(...unknownKeys('near', near, ['entries', 'lease', 'negative']))
  const { entries = USUAL_ENTRIES, lease, negative } = near
  if (!Number.isSafeInteger(entries) || entries < 1 || entries > MOST_ENTRIES)
    problems.push({
      path: 'near.entries',
      message: `Write how many copies to keep: a whole number from 1 to ${MOST_ENTRIES}.`,
    })
  const ms = (path: string, value: Duration | undefined, { usual, least, most }: Range): number => {
    const parsed = value === undefined ? usual : parseDuration(value)
    if (parsed !== undefined && parsed >= least && parsed <= most) return parsed
    problems.push({
      path,
      message: `Write a duration from '${durationText(least)}' to '${durationText(most)}'.`,
    })
    return usual
  }
  const leaseMs = ms('near.lease', lease, {
    usual: LONGEST_LEASE_MS,
    least: SHORTEST_LEASE_MS,
    most: LONGEST_LEASE_MS,
  })
  const usual = Math.min(USUAL_NEGATIVE_MS, leaseMs)
  return { entries, leaseMs, negativeMs: ms('near.negative', negative, { usual, least: 0, most: leaseMs }) }
}

interface Range {
  readonly usual: number
  readonly least: number
  readonly most: number
}

function problemOfHot(hot: unknown): string | undefined {
  const methods = ['read', 'list', 'commit', 'ping', 'close'] as const
  const candidate = hot as Partial<SessionStore> | null | undefined
  const isWhole =
    typeof candidate === 'object' &&
    candidate !== null &&
    methods.every((method) => typeof candidate[method] === 'function') &&
    candidate.traits !== undefined &&
    candidate.documents !== undefined
  if (!isWhole) return 'Pass the session store behind, such as redisStore(…).'
  return authorityOf(candidate as SessionStore) === candidate
    ? undefined
    : 'This store keeps copies itself, and a copy of a copy is late twice. Pass the store behind it.'
}
