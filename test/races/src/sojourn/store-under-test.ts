/** What a store needs to be raced. One file in `stores/` for each, listed in `stores.ts`. */
import type { Environment, SessionStore } from 'sojourn'

export interface StoreUnderTest {
  readonly name: string
  /** 2 where processes can share it. */
  readonly processes: number
  open(directory: string, environment: Environment): SessionStore
  /** Opens it a further time, outside all application processes. */
  readonly reader?: (directory: string) => SessionStore
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
