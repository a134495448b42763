/**
 * What the harness may do to a peer's store: hold the next write, before it is sent or with its answer, and wait until
 * nothing is under way. Servers are broken and counted by the harness itself.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Commands } from '../messages.ts'
import type { Running, Start } from '../system.ts'

export interface Watching {
  /** Makes the call, held where the harness says so. */
  readonly through: <T>(kind: 'read' | 'commit', call: () => Promise<T>) => Promise<T>
  readonly store: Running['store']
}

/** @param reconnected resolves when the store answers again */
export function watching({ pass }: Pick<Start, 'pass'>, reconnected: () => Promise<unknown>): Watching {
  const holds: Commands['holdStore'][] = []
  const underWay = new Set<object>()

  async function through<T>(kind: 'read' | 'commit', call: () => Promise<T>): Promise<T> {
    const entry = {}
    underWay.add(entry)
    try {
      return await held(kind === 'commit' ? nextHold() : undefined, call)
    } finally {
      underWay.delete(entry)
    }
  }

  async function held<T>(hold: Commands['holdStore'] | undefined, call: () => Promise<T>): Promise<T> {
    if (hold?.at === 'call') await pass(hold.gate)
    const answer = await call()
    if (hold?.at === 'answer') await pass(hold.gate)
    return answer
  }

  function nextHold(): Commands['holdStore'] | undefined {
    const next = holds.shift()
    if (next === undefined || next.skip === 0) return next
    holds.unshift({ ...next, skip: next.skip - 1 })
    return undefined
  }

  return {
    through,
    store: {
      async holdStore(hold) {
        holds.push(hold)
        return undefined
      },
      breakStore: async () => undefined,
      async heal() {
        await reconnected()
        return undefined
      },
      async quiet() {
        // What a call makes the application do next begins a turn later.
        do await delay(3)
        while (underWay.size > 0)
        return undefined
      },
      // The peers touch a session with every request: nothing becomes due.
      advance: async () => undefined,
      storeCalls: async () => 0,
      // Scenarios that count a user's sessions from inside need what the peers do not offer.
      watch: async () => undefined,
      peak: async () => undefined,
    },
  }
}
