/**
 * Stores with a commit that ignores what it should expect and creates what is missing: the upsert that the store
 * contract forbids. The races must be lost on them.
 */
import type { CommitAnswer, RosterChange, SessionStore } from 'sojourn'
import type { StoreUnderTest } from '../store-under-test.ts'
import { redis } from './redis.ts'
import { sqlite } from './sqlite.ts'

export const broken: StoreUnderTest = {
  ...sqlite,
  name: 'broken',
  open: async (place, environment) => upserting(await sqlite.open(place, environment)),
}

export const brokenRedis: StoreUnderTest = {
  ...redis,
  name: 'broken-redis',
  open: async (place, environment) => upserting(await redis.open(place, environment)),
}

type RosterKey = Parameters<SessionStore['list']>[0]
type Header = Exclude<RosterChange['header'], 'drop' | undefined>

function upserting(store: SessionStore): SessionStore {
  /** As last seen, for the records of a roster that is gone. */
  const headers = new Map<RosterKey, Header>()

  function remembered<Seen>(roster: RosterKey, seen: Seen): Seen {
    if (typeof seen === 'object' && seen !== null && 'header' in seen)
      headers.set(roster, seen.header as Header)
    return seen
  }

  async function blind(roster: RosterKey, change: RosterChange): Promise<RosterChange> {
    const present = await store.list(roster)
    if (typeof present === 'string') return change
    if (present !== undefined) {
      const { incarnation, epoch } = present.header
      return { ...change, expect: { incarnation, epoch, records: [] } }
    }
    const header = change.header ?? headers.get(roster)
    return { ...change, expect: 'absent', ...(header === undefined ? {} : { header }) }
  }

  return {
    traits: store.traits,
    documents: store.documents,
    read: async (roster, number) => remembered(roster, await store.read(roster, number)),
    list: async (roster) => remembered(roster, await store.list(roster)),
    ping: () => store.ping(),
    close: () => store.close(),
    async commit(roster, change) {
      let answer: CommitAnswer
      do answer = await store.commit(roster, await blind(roster, change))
      while (answer !== 'committed')
      return answer
    },
  }
}
