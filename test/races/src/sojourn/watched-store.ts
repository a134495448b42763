/** Stores around a store, for the harness to look through: one counts calls, one counts a user's live sessions. */
import type { SessionStore, SynchronousReads } from 'sojourn'
import { liveSessions } from './store-under-test.ts'

export type PeekingStore = SessionStore & SynchronousReads

/** The calls that an application makes. */
export interface CountedStore extends PeekingStore {
  /** How many there were about this roster, or about documents. */
  callsAbout(what: string): number
  /** Resolves when none is under way. */
  quiet(): Promise<void>
  /** No longer waits for those that are: some hang for ever. */
  abandon(): void
}

export function countedStore(store: PeekingStore): CountedStore {
  const calls = new Map<string, number>()
  const underWay = new Set<Promise<unknown>>()

  function note(about: string): void {
    calls.set(about, (calls.get(about) ?? 0) + 1)
  }

  function count<Result>(about: string, call: Promise<Result>): Promise<Result> {
    note(about)
    const settled: Promise<unknown> = call.then(
      () => underWay.delete(settled),
      () => underWay.delete(settled),
    )
    underWay.add(settled)
    return call
  }

  return {
    traits: store.traits,
    documents: {
      get: (name) => count('documents', store.documents.get(name)),
      put: (name, expected, value) => count('documents', store.documents.put(name, expected, value)),
    },
    peek(roster, number) {
      const answer = store.peek(roster, number)
      // Who is told to ask will, and that call counts.
      if (answer !== 'ask') note(roster)
      return answer
    },
    read: (roster, number) => count(roster, store.read(roster, number)),
    list: (roster) => count(roster, store.list(roster)),
    commit: (roster, change) => count(roster, store.commit(roster, change)),
    ping: () => count('ping', store.ping()),
    close: () => store.close(),
    callsAbout: (what) => calls.get(what) ?? 0,
    async quiet() {
      // What a call makes the application do next begins a turn later.
      do await new Promise((resolve) => setTimeout(resolve, 3))
      while (underWay.size > 0 && (await Promise.all(underWay)).length > 0)
    },
    abandon: () => underWay.clear(),
  }
}

/** Looks after every commit, before anything else can happen in this process. */
export interface ObservedStore extends SessionStore {
  readonly peak: number
  watch(sessionId: string): void
}

export function observedStore(store: SessionStore): ObservedStore {
  let watched: string | undefined
  let peak = 0

  async function look(sessionId: string): Promise<void> {
    const count = await liveSessions(store, sessionId)
    if (sessionId === watched) peak = Math.max(peak, count)
  }

  return {
    ...store,
    async commit(roster, change) {
      const answer = store.commit(roster, change)
      if (watched?.startsWith(roster) === true) await look(watched)
      return await answer
    },
    watch(sessionId) {
      watched = sessionId
      peak = 0
    },
    get peak() {
      return peak
    },
  }
}
