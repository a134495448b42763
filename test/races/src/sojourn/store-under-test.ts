/** What a store needs to be raced. One file in `stores/` for each kind, listed in `stores.ts`. */
import type { Environment, SessionStore } from 'sojourn'
import type { Place, Reader, System } from '../system.ts'

/** What it is like as a system (`system.ts`), and how it is opened. */
export interface StoreUnderTest
  extends Pick<System, 'processes' | 'servers' | 'reader' | 'clockwork' | 'leaseMs'> {
  readonly name: string
  /** Default: all. Where nothing differs between them but the driver below, two are enough. */
  readonly adapters?: readonly string[]
  readonly open: (place: Place, environment: Environment) => SessionStore | Promise<SessionStore>
}

/** Counts through a further opening of the store, outside all application processes. */
export function readerOf(store: SessionStore): Reader {
  return { count: (sessionId) => liveSessions(store, sessionId), close: () => store.close() }
}

/** Sessions that a request could use, as the store has them. */
export async function liveSessions(store: SessionStore, sessionId: string): Promise<number> {
  type RosterKey = Parameters<SessionStore['list']>[0]
  const roster = await store.list(sessionId.slice(0, 16) as RosterKey)
  if (roster === undefined) return 0
  if (typeof roster === 'string') throw new Error(`The roster is ${roster}.`)
  return roster.records.filter((record) => record.epoch === roster.header.epoch && record.claim === undefined)
    .length
}
