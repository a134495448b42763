/**
 * A store in Redis, or anything that speaks like Redis 7.0, for many processes and machines: a single server, Sentinel,
 * or Cluster. One hash for each roster; what stands in braces alone decides the slot (`layout.ts`).
 *
 *     # read: one command, never a script
 *     HMGET sojourn:{1bz}:AAECAwQFBgcICQoL h EhMUFRYX
 *
 *     # list
 *     HGETALL sojourn:{1bz}:AAECAwQFBgcICQoL
 *
 *     # commit: compare and set, one script (commit.lua) that does
 *     HMGET   sojourn:{1bz}:AAECAwQFBgcICQoL h EhMUFRYX …       incarnation, epoch, versions as expected?
 *     HDEL    sojourn:{1bz}:AAECAwQFBgcICQoL EhMUFRYX …
 *     HSET    sojourn:{1bz}:AAECAwQFBgcICQoL h <header> EhMUFRYX <record> …
 *     PEXPIRE sojourn:{1bz}:AAECAwQFBgcICQoL <longest left + 1 h> GT
 *     PUBLISH sojourn:changes sojourn:{1bz}:AAECAwQFBgcICQoL     in a cluster SPUBLISH sojourn:{1bz}:changes
 *
 *     # a document (put-document.lua)
 *     HMGET sojourn:{1bz}:document:deployment version value
 *
 * Headers and records are the bytes of `core/codec`. Which sessions are over is judged by whoever reads them; the key's
 * expiry only cleans up. Revocations are possible when memory is full. Nothing is believed that was read from a server
 * of which nobody confirms that it is the primary (`fence.ts`). Why so: docs/decisions/0017-redis-layout.md.
 */
import { type RedisStoreOptions, settingsOf } from './options.ts'
import { type RedisStore, redisStoreOver } from './store.ts'

export type { RedisStoreOptions } from './options.ts'
export type {
  Acknowledged,
  CommandArgument,
  CommandOptions,
  KeyInterest,
  PortTraits,
  RedisPort,
  Reply,
  WaitOptions,
} from './port.ts'
export type { RedisStore } from './store.ts'

/**
 * Opens no connection: that is the port's, and closing the store leaves it open. Connects lazily, so it can be made
 * before Redis runs.
 *
 * `read` is one `HMGET`, and when it finds nothing three commands (`second-look.ts`). `commit` is one script, and with `voters` a `WAIT` that leaves with it: what fewer replicas have
 * confirmed within a tenth of `fence` is `'uncertain'`. Both are one round trip.
 *
 * **Cost**: `read` some 4 µs of this process beside what the driver takes, `commit` some 10.
 * @throws ConfigError that lists every option which cannot work
 */
export function redisStore(options: RedisStoreOptions): RedisStore {
  return redisStoreOver(settingsOf(options))
}
