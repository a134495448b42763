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
  const running = new Map<string, Promise<void>>()
  let line = queued.entries()
  let scheduled = false

  /** Each place is given to the next one as soon as it is free, so that none waits for one that takes long. */
  function work(): void {
    while (running.size < AT_ONCE) {
      const [key, run] = first() ?? []
      if (key === undefined || run === undefined) return
      queued.delete(key)
      running.set(key, done(key, run))
    }
  }

  /** The same iterator as long as it goes: a new one would walk over all that has been deleted. */
  function first(): [string, () => Promise<unknown>] | undefined {
    const next = line.next()
    if (next.done !== true) return next.value
    line = queued.entries()
    return line.next().value
  }

  /** What fails is dropped. */
  async function done(key: string, run: () => Promise<unknown>): Promise<void> {
    await Promise.resolve()
      .then(run)
      .catch(() => undefined)
    running.delete(key)
    work()
  }

  function add(key: string, run: () => Promise<unknown>): 'added' | 'joined' | 'full' {
    if (queued.has(key) || running.has(key)) return 'joined'
    if (queued.size >= MOST_QUEUED) return 'full'
    queued.set(key, run)
    schedule()
    return 'added'
  }

  function schedule(): void {
    if (scheduled || running.size >= AT_ONCE) return
    scheduled = true
    environment.after(1, () => {
      scheduled = false
      work()
    })
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
      for (work(); running.size > 0; ) await Promise.all(running.values())
    },
  }
}
