/**
 * Work that no answer waits for: touches, the end of a grace, the deletion of what a sign-in claimed. One chore per key at a time, a bounded number
 * in all; a chore that fails is dropped, because the next request brings it up again.
 */
import type { Environment } from '../environment.ts'

export interface Chores {
  /** Queues `run` unless a chore with this key waits or runs already (`joined`), or too many do (`full`). */
  add(key: string, run: () => Promise<unknown>): 'added' | 'joined' | 'full'
  /** The same after `laterMs`, which is one length for all: one timer serves any number. */
  later(key: string, run: () => Promise<unknown>): void
  /** Does at once what is queued or kept for later, and resolves when it has been done or dropped. */
  flush(): Promise<void>
}

interface KeptChore {
  readonly key: string
  readonly run: () => Promise<unknown>
  readonly dueAt: number
}

const MOST_QUEUED = 10_000
const AT_ONCE = 32

export function createChores(environment: Environment, { laterMs }: { readonly laterMs: number }): Chores {
  const kept: KeptChore[] = []
  const queued = new Map<string, () => Promise<unknown>>()
  const running = new Set<string>()
  let working: Promise<void> | undefined
  let scheduled = false

  async function work(): Promise<void> {
    while (queued.size > 0) {
      const batch = [...queued].slice(0, AT_ONCE)
      for (const [key] of batch) {
        queued.delete(key)
        running.add(key)
      }
      await Promise.allSettled(batch.map(([, run]) => run()))
      for (const [key] of batch) running.delete(key)
    }
  }

  async function begin(): Promise<void> {
    scheduled = false
    working ??= work().finally(() => {
      working = undefined
    })
    await working
  }

  function add(key: string, run: () => Promise<unknown>): 'added' | 'joined' | 'full' {
    if (queued.has(key) || running.has(key)) return 'joined'
    if (queued.size >= MOST_QUEUED) return 'full'
    queued.set(key, run)
    schedule()
    return 'added'
  }

  function schedule(): void {
    if (scheduled || working !== undefined) return
    scheduled = true
    environment.after(1, () => void begin())
  }

  /** Queues what has become due, and wakes again for the next. */
  function release(): void {
    const now = environment.monotonic()
    while (kept[0] !== undefined && kept[0].dueAt <= now) {
      const [due] = kept.splice(0, 1)
      if (due !== undefined) add(due.key, due.run)
    }
    if (kept[0] !== undefined) environment.after(Math.max(kept[0].dueAt - now, 1), release)
  }

  return {
    add,
    later(key, run) {
      if (laterMs === 0 || kept.length >= MOST_QUEUED) add(key, run)
      else if (kept.push({ key, run, dueAt: environment.monotonic() + laterMs }) === 1)
        environment.after(laterMs, release)
    },
    async flush() {
      for (const { key, run } of kept.splice(0)) queued.set(key, run)
      while (queued.size > 0 || working !== undefined) await begin()
    },
  }
}
