/** What should go wrong, in order: a list of faults, each for some calls of some operations, and hands to let go again. */

export type StoreOperation = 'read' | 'list' | 'commit' | 'documents.get' | 'documents.put' | 'ping'

export interface FaultScope {
  /** Which operation. Default: any. */
  readonly on?: StoreOperation
  /** How many matching calls go through first. Default: 0. */
  readonly skip?: number
  /** How many calls after those are hit; `Infinity` until `heal`. Default: 1. */
  readonly times?: number
}

export interface Faults {
  /** Throws without applying anything. */
  fail(scope?: FaultScope & { readonly error?: Error }): void
  /** Applies, then throws: the caller cannot know. */
  failAfter(scope?: FaultScope & { readonly error?: Error }): void
  /** Applies, then answers `'uncertain'` where it would have answered `'committed'`. Commits only. */
  uncertain(scope?: Omit<FaultScope, 'on'>): void
  /** Never answers and never applies anything. */
  hang(scope?: FaultScope): void
  /** Waits `ms` by the environment's clock, then goes on. */
  delay(ms: number, scope?: FaultScope): void
  /** Holds calls until they are released: before they reach the store, or (`at: 'answer'`) after it has answered. */
  hold(scope?: FaultScope & { readonly at?: 'call' | 'answer' }): Gate
  /** Ends every fault and releases what is held. What hangs stays so. */
  heal(): void
  /** How often each operation was called, faults included. */
  readonly calls: Readonly<Record<StoreOperation, number>>
}

export interface Gate {
  /** How many calls are held now. */
  readonly waiting: number
  /** Resolves when `count` calls have arrived in all. Default: 1. */
  arrived(count?: number): Promise<void>
  /** Lets the held calls go on, oldest first, and every later one pass. */
  release(): void
  /** Lets only the oldest go on. */
  releaseOne(): void
}

/** What a call does instead: `act` is the real thing. */
export type Detour = <T>(act: () => Promise<T>) => Promise<T>

interface Fault {
  readonly on: StoreOperation | undefined
  readonly detour: Detour
  skip: number
  times: number
}

/** A list of faults that is asked once for each call; the first that matches and is not used up takes it. */
export class FaultList {
  #faults: Fault[] = []

  add(scope: FaultScope, detour: Detour): void {
    this.#faults.push({ on: scope.on, detour, skip: scope.skip ?? 0, times: scope.times ?? 1 })
  }

  take(operation: StoreOperation): Detour | undefined {
    for (const fault of this.#faults) {
      if (fault.on !== undefined && fault.on !== operation) continue
      if (fault.skip-- > 0) continue
      if (fault.times-- > 0) return fault.detour
    }
    return undefined
  }

  clear(): void {
    this.#faults = []
  }
}
