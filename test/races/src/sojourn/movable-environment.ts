/** The machine's clocks, timers and randomness, with a wall clock that the harness can move. */
import { randomBytes } from 'node:crypto'
import type { Environment } from 'sojourn'

export interface MovableEnvironment extends Environment {
  advance(ms: number): void
}

export function movableEnvironment(): MovableEnvironment {
  let offset = 0
  return {
    now: () => Date.now() + offset,
    monotonic: () => performance.now(),
    after(ms, run) {
      const timer = setTimeout(run, ms)
      return { cancel: () => clearTimeout(timer) }
    },
    randomBytes: (count) => randomBytes(count),
    jitter: () => Math.random(),
    log: ({ level, message }) => {
      if (level !== 'info') process.stderr.write(`${level}: ${message}\n`)
    },
    advance(ms) {
      offset += ms
    },
  }
}
