/**
 * Waiting for a lock that another process holds, without blocking this one: SQLite's own busy timeout is 0
 * (it would sleep on the event loop's thread), and the wait is a timer with jitter inside a deadline.
 */
import type { Environment } from '../../core/environment.ts'
import { SystemError } from '../../core/errors.ts'
import { asSystemError, isBusy } from './failures.ts'

export interface Patience {
  readonly environment: Environment
  /** Milliseconds from the first try. */
  readonly deadline: number
  readonly path: string
}

const LONGEST_PAUSE_MS = 20

/**
 * The result of `step`, tried again while SQLite answers busy. `step` must change nothing when it throws.
 * The first try happens before this returns.
 *
 * @throws SystemError `STORE_UNAVAILABLE` (retryable) when the deadline passed, else as `failures.ts` says
 */
export async function whenFree<T>(step: () => T, patience: Patience): Promise<T> {
  const { environment } = patience
  let tried = attempt(step, patience.path)
  // The first try waits for nothing, so the time begins when it has failed.
  const end = tried.done ? 0 : environment.monotonic() + patience.deadline
  for (let ceiling = 2; !tried.done; ceiling = Math.min(2 * ceiling, LONGEST_PAUSE_MS)) {
    if (environment.monotonic() >= end) throw tooLong(patience, tried.error)
    await pause(environment, 1 + environment.jitter() * ceiling)
    tried = attempt(step, patience.path)
  }
  return tried.value
}

function attempt<T>(step: () => T, path: string): { done: true; value: T } | { done: false; error: unknown } {
  try {
    return { done: true, value: step() }
  } catch (error) {
    if (isBusy(error)) return { done: false, error }
    throw asSystemError(error, path)
  }
}

function pause(environment: Environment, ms: number): Promise<void> {
  return new Promise((resolve) => void environment.after(ms, resolve, { awaited: true }))
}

function tooLong({ deadline, path }: Patience, cause: unknown): SystemError {
  const message = `${path} stayed locked by another process for ${deadline} ms; nothing was changed. Look for a process that keeps a write transaction open.`
  return new SystemError('STORE_UNAVAILABLE', message, { retryable: true, cause })
}
