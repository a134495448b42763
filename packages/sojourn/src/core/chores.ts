/**
 * Work that no answer waits for: touches, and the end of a grace. One chore per key at a time, a bounded number
 * in all; a chore that fails is dropped, because the next request brings it up again.
 */
import type { Environment } from './environment.ts'

export interface Chores {
  /** Queues `run` unless a chore with this key waits already, or too many do. */
  add(key: string, run: () => Promise<unknown>): void
  /** Resolves when all that is queued has been done or dropped. */
  flush(): Promise<void>
}

const MOST_QUEUED = 10_000
const AT_ONCE = 32

export function createChores(environment: Environment): Chores {
  const queued = new Map<string, () => Promise<unknown>>()
  let working: Promise<void> | undefined
  let scheduled = false

  async function work(): Promise<void> {
    while (queued.size > 0) {
      const batch = [...queued].slice(0, AT_ONCE)
      for (const [key] of batch) queued.delete(key)
      await Promise.allSettled(batch.map(([, run]) => run()))
    }
    working = undefined
  }

  function begin(): Promise<void> {
    scheduled = false
    working ??= work()
    return working
  }

  return {
    add(key, run) {
      if (queued.size >= MOST_QUEUED || queued.has(key)) return
      queued.set(key, run)
      if (scheduled || working !== undefined) return
      scheduled = true
      environment.after(1, () => void begin())
    },
    async flush() {
      while (queued.size > 0 || working !== undefined) await begin()
    },
  }
}
