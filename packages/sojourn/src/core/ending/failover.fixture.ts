/**
 * A store of two copies, as a primary and a replica are: a commit that does not reach the second one is answered
 * `uncertain`, unless it asked for no more than the first, and is lost when the second takes over.
 */
import type { Environment } from '../environment.ts'
import type { RosterKey } from '../ids.ts'
import { memoryStore } from '../../stores/memory/index.ts'
import type { RosterChange, SessionStore } from '../store.ts'

export interface Pair {
  readonly store: SessionStore
  /** The second copy hears of nothing more. */
  cut(): void
  /** It hears of everything again, also of what it missed; from the next commit on. */
  mend(): void
  /** It takes over, with what it has. */
  failOver(): void
}

export function pairOfStores(environment: Environment): Pair {
  const replica = memoryStore({ environment })
  let active: SessionStore = memoryStore({ environment })
  let missed: [RosterKey, RosterChange][] = []
  let isCut = false

  async function replicate(): Promise<void> {
    for (const [roster, change] of missed.splice(0)) await replica.commit(roster, change)
  }

  const store: SessionStore = {
    traits: { ...active.traits, writeClasses: ['fast', 'replicated'] },
    read: (...place) => active.read(...place),
    list: (roster) => active.list(roster),
    async commit(roster, change) {
      const answer = await active.commit(roster, change)
      if (answer !== 'committed' || active === replica) return answer
      missed.push([roster, change])
      if (!isCut) await replicate()
      return isCut && change.writeClass !== 'fast' ? 'uncertain' : answer
    },
    documents: {
      get: (name) => active.documents.get(name),
      async put(...document) {
        const answer = await active.documents.put(...document)
        if (active !== replica) await replica.documents.put(...document)
        return answer
      },
    },
    ping: () => active.ping(),
    close: () => active.close(),
  }
  return {
    store,
    cut: () => {
      isCut = true
    },
    mend: () => {
      isCut = false
    },
    failOver: () => {
      active = replica
      missed = []
    },
  }
}
