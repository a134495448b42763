/** A store that counts what sessions ask of it; the deployment's document, read every few seconds, is not among it. */
import type { SessionStore, SynchronousReads } from 'sojourn'

export interface CountedStore extends SessionStore {
  readonly calls: number
}

export function counted(store: SessionStore & Partial<SynchronousReads>): CountedStore {
  let calls = 0
  const count = <Result>(call: () => Result): Result => {
    calls += 1
    return call()
  }
  const { peek } = store
  return {
    traits: store.traits,
    documents: store.documents,
    ...(peek === undefined
      ? {}
      : { peek: (...place: Parameters<typeof peek>) => count(() => peek(...place)) }),
    read: (...place) => count(() => store.read(...place)),
    list: (roster) => count(() => store.list(roster)),
    commit: (...change) => count(() => store.commit(...change)),
    ping: () => store.ping(),
    close: () => store.close(),
    get calls() {
      return calls
    },
  }
}
