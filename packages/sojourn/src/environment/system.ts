/**
 * The real world: the clocks, timers, randomness and log of this process. This folder is the only place of
 * the library that touches them; everything else is handed an `Environment`.
 *
 * The globals are looked up at each call, so that a test runner's fake timers work here too.
 */
import { randomFillSync } from 'node:crypto'
import type { Environment, LogEntry, Timer, TimerOptions } from '../core/environment.ts'
import { randomPool } from './random-pool.ts'

/** `setTimeout` runs a longer wait at once. */
const LONGEST_TIMEOUT = 2 ** 31 - 1

/**
 * The environment that everything uses unless it is given another.
 *
 * `log` is silent for `info`; `warn` and `error` become a process warning of type `SojournWarning`
 * (`node --trace-warnings`, `process.on('warning', …)`). `after` may run up to a millisecond early by
 * `monotonic()`, as Node's timers do.
 */
export const systemEnvironment: Environment = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after,
  randomBytes: randomPool((target) => {
    randomFillSync(target)
  }),
  jitter: () => Math.random(),
  log,
}

function after(ms: number, run: () => void, { awaited = false }: TimerOptions = {}): Timer {
  let timer = arm(ms)
  return { cancel: () => clearTimeout(timer) }

  function arm(left: number): NodeJS.Timeout {
    const armed =
      left > LONGEST_TIMEOUT
        ? setTimeout(() => (timer = arm(left - LONGEST_TIMEOUT)), LONGEST_TIMEOUT)
        : setTimeout(run, left)
    return awaited ? armed : armed.unref()
  }
}

function log(entry: LogEntry): void {
  if (entry.level === 'info') return
  const detail = entry.fields === undefined ? undefined : JSON.stringify(entry.fields)
  process.emitWarning(entry.message, { type: 'SojournWarning', ...(detail === undefined ? {} : { detail }) })
}
