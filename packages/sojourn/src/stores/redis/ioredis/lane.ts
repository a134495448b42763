/**
 * A connection for writes that wait for replicas (`group-commit.ts`), beside the one that reads go through and to the same server.
 * It is opened once: after it was open it is never connected again, and whoever used it learns that nobody knows.
 */
import type { Redis } from 'ioredis'
import type { Environment } from '../../../core/environment.ts'
import { withTextAlone } from '../failures.ts'
import { type GroupCommit, groupCommit } from '../group-commit.ts'
import { ask, ignore } from './command.ts'
import { ONCE } from './settings.ts'
import { watchForSilence } from './watch.ts'

export interface Lane {
  readonly redis: Redis
  readonly write: GroupCommit['write']
  /** Nobody begins on it any more, and it closes when the last one has an answer. */
  readonly retire: () => void
}

export function openLane(node: Redis, environment: Environment): Lane {
  const again = onceMore()
  const retrying = { retryStrategy: again, sentinelRetryStrategy: again }
  const redis = node.duplicate({ ...ONCE, ...retrying, enableOfflineQueue: false, keyPrefix: '' })
  const ready = opened(redis).then(() => redis)
  let patienceMs = 0
  redis.once('ready', again)
  redis.once('end', watchForSilence(redis, { environment, patience: () => patienceMs }))
  const writes = groupCommit({
    environment,
    ready: () => ready,
    send: ask,
    giveUp: (connection) => connection.disconnect(),
    onSent(_, waitMs) {
      patienceMs = waitMs
      return () => void (patienceMs = 0)
    },
  })
  return {
    redis,
    write: writes.write,
    retire: () => void writes.end(notSent()).then(() => redis.disconnect()),
  }
}

/** A driver whose process was held up while it connected takes that for the server's silence. Answers with a pause, once. */
function onceMore(): () => number | null {
  let left = 1
  return () => (left-- > 0 ? 1 : null)
}

/** The driver's own promise is over with the first attempt. */
function opened(redis: Redis): Promise<void> {
  return new Promise((resolve, reject) => {
    let reason = new Error('The connection could not be made.')
    redis.on('error', (error) => (reason = withTextAlone(error)))
    redis.once('ready', () => resolve())
    redis.once('end', () => reject(reason))
    redis.connect().catch(ignore)
  })
}

function notSent(): Error {
  return new Error('The connection to the server that has the key was lost before the write was sent.')
}
