/**
 * A store in Memcached 1.6.18 or newer, for many processes and machines that can afford to lose sessions: everything is in
 * memory, without a copy. One item for each roster (`roster-item.ts`), always on the same server (`placing.ts`).
 *
 *     # read and list: the whole roster
 *     mg sojourn:AAECAwQFBgcICQoL v c O7
 *
 *     # commit that creates
 *     ms sojourn:AAECAwQFBgcICQoL 421 T90000 ME O8
 *
 *     # commit that changes: read, compare here, replace what was read
 *     mg sojourn:AAECAwQFBgcICQoL v c O9
 *     ms sojourn:AAECAwQFBgcICQoL 421 T90000 C1234 O10
 *
 *     # commit that drops the roster
 *     md sojourn:AAECAwQFBgcICQoL C1234 O11
 *
 *     # a document, and who the server is
 *     mg sojourn:document:deployment v c O12
 *     mg sojourn:servers v O13
 *
 * What was lost is absent, and what is absent is never created by a change that expected to find it: sessions end, and none
 * comes back. Why so, also across restarts between a read and its write: docs/decisions/0024-memcached.md.
 */
import type { SessionStore } from '../../core/store.ts'
import { type MemcachedStoreOptions, settingsOf } from './options.ts'
import { memcachedStoreOver, serversOf } from './store.ts'

export type { MemcachedStoreOptions } from './options.ts'

/**
 * Connects at once, and again for ever; one connection to each server. Close it when the sessions are closed. `ping`
 * resolves when all servers answer.
 *
 * A server that does not answer makes the rosters that are its own unavailable, and no others; they are looked for nowhere
 * else.
 *
 * **Cost**: `read` and `list` one round trip, which brings the whole roster; `commit` two, one where it creates.
 * @throws ConfigError that lists every option which cannot work
 */
export function memcachedStore(options: MemcachedStoreOptions): SessionStore {
  return memcachedStoreOver(serversOf(settingsOf(options)))
}
