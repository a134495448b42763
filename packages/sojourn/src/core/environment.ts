/**
 * Everything the engine needs from the world outside: two clocks, timers, randomness and a log.
 * Nothing in `core`, `stores`, `transport` or `http` reads a clock or draws a random byte on its own,
 * so a test that passes a fake owns time and chance completely.
 *
 * The real one is `environment/system.ts`; a fake with hands is `fakeEnvironment` in `sojourn/testing`.
 */

export interface Environment {
  /** Wall clock, epoch milliseconds. May step in either direction; used for deadlines that are stored. */
  now(): number
  /** Monotonic clock, milliseconds from an arbitrary start. Used for leases and budgets inside this process. */
  monotonic(): number
  /** Calls `run` once after `ms` milliseconds. A pending timer does not keep the process alive, unless it is awaited. */
  after(ms: number, run: () => void, options?: TimerOptions): Timer
  /**
   * `count` bytes from the operating system's CSPRNG; the caller owns the returned memory.
   * Throws when the generator fails: there is no fallback.
   */
  randomBytes(count: number): Buffer
  /** A number in [0, 1) for jitter only. Never for anything that must not be guessed. */
  jitter(): number
  /** Takes what no caller can be told: a listener that threw, a store that keeps failing in the background. */
  log(entry: LogEntry): void
}

export interface TimerOptions {
  /**
   * A promise that was handed out hangs on it, so the process stays until it has run or is cancelled: whoever wrote
   * `await sessions.revokeAll(…)` as the last line of a script gets it done. Default false.
   */
  readonly awaited?: boolean
}

export interface Timer {
  cancel(): void
}

export interface LogEntry {
  readonly level: 'info' | 'warn' | 'error'
  readonly message: string
  /** Public handles and counts only; never a token, a cookie or a key. */
  readonly fields?: Readonly<Record<string, string | number | boolean>>
}
