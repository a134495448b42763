/** A client that was handed in: whether the rules of a port hold with it, and which options would make them hold. */
import type { Cluster, ClusterOptions, Redis, RedisOptions } from 'ioredis'
import type { ConfigProblem } from '../../../core/errors.ts'
import type { IoRedisClient } from './options.ts'

type Requirement = readonly [path: string, holds: boolean, fix: string]

export function problemsOfClient(client: unknown): readonly ConfigProblem[] {
  if (!isClient(client))
    return [{ path: 'client', message: 'Pass a `Redis` or a `Cluster` of ioredis 6, or use `url`.' }]
  const requirements = isCluster(client)
    ? requirementsOfCluster(client)
    : requirementsOfSingle(client as unknown as Redis)
  return requirements
    .filter(([, holds]) => !holds)
    .map(([path, , message]) => ({ path: `client.${path}`, message }))
}

export function isCluster(client: IoRedisClient): client is IoRedisClient & Cluster {
  return client.isCluster
}

function isClient(client: unknown): client is IoRedisClient {
  const { isCluster: kind, options, sendCommand } = (client ?? {}) as Partial<Redis>
  return typeof kind === 'boolean' && typeof options === 'object' && typeof sendCommand === 'function'
}

function requirementsOfSingle({ options, status }: Redis): readonly Requirement[] {
  const readOnlyAnswer = new Error("READONLY You can't write against a read only replica.")
  const onDemoted = outcomeOf(() => options.reconnectOnError?.(readOnlyAnswer))
  const isWatchful = !options.sentinels || options.enableReadyCheck !== false
  return [
    ...requirementsOfReplies('', options),
    ['status', status !== 'end', 'It has been closed. Pass one that is open.'],
    ['enableOfflineQueue', options.enableOfflineQueue === false, QUEUE],
    [
      'autoResendUnfulfilledCommands',
      options.autoResendUnfulfilledCommands === false,
      'Set it to false: a write would be executed twice.',
    ],
    [
      'maxRetriesPerRequest',
      options.maxRetriesPerRequest === 0,
      'Set it to 0: otherwise calls that a lost connection left open never end.',
    ],
    ['retryStrategy', neverGivesUp(options.retryStrategy), FOR_EVER],
    [
      'reconnectOnError',
      onDemoted === true || onDemoted === 1,
      "Set it to `(error) => error.message.startsWith('READONLY')`: a demoted primary is left, and nothing is sent again.",
    ],
    ['role', options.role !== 'slave', 'Leave it out: sessions are read from the primary.'],
    [
      'enableReadyCheck',
      isWatchful,
      'Leave it out: it is how the primary that a Sentinel named is recognised.',
    ],
  ]
}

function requirementsOfCluster({ options, status }: Cluster): readonly Requirement[] {
  return [
    ...requirementsOfReplies('redisOptions.', options.redisOptions ?? {}),
    ['status', status !== 'end', 'It has been closed. Pass one that is open.'],
    ['enableOfflineQueue', options.enableOfflineQueue === false, QUEUE],
    ['scaleReads', options.scaleReads === 'master', 'Leave it out: sessions are read from the primary.'],
    ['clusterRetryStrategy', neverGivesUp(options.clusterRetryStrategy), FOR_EVER],
    [
      'clusterNodeRetryStrategy',
      typeof options.clusterNodeRetryStrategy !== 'function',
      'Leave it out: with it, calls that a lost connection left open are sent again.',
    ],
  ]
}

function requirementsOfReplies(
  path: string,
  options: Pick<RedisOptions, 'protocol' | 'replyMapping' | 'stringNumbers'>,
): readonly Requirement[] {
  return [
    [`${path}protocol`, (options.protocol ?? 3) === 3, 'Leave it out: changes are heard with RESP3.'],
    [`${path}replyMapping`, options.replyMapping !== 'resp3', 'Leave it out: replies are read as of RESP2.'],
    [`${path}stringNumbers`, options.stringNumbers !== true, 'Leave it out: counts are numbers.'],
  ]
}

const QUEUE =
  'Set it to false: a call that waits for a connection is executed when nobody expects it any more.'
const FOR_EVER = 'Return a number of milliseconds, however many attempts there were.'
const MANY_ATTEMPTS = 100_000

function neverGivesUp(
  strategy: RedisOptions['retryStrategy'] | ClusterOptions['clusterRetryStrategy'] | null,
): boolean {
  const pause = outcomeOf(() => strategy?.(MANY_ATTEMPTS))
  return typeof pause === 'number'
}

/** What somebody else's function answers, if it does. */
function outcomeOf(run: () => unknown): unknown {
  try {
    return run()
  } catch {
    return undefined
  }
}
