/**
 * An `Environment` with hands: time stands still until a test moves it, chance is repeatable, and nothing
 * happens outside `advance`.
 */
import type { Environment, LogEntry, Timer } from '../core/environment.ts'
import { SystemError } from '../core/errors.ts'
import { turn } from '../environment/turn.ts'
import { seeded } from './seeded.ts'

export interface FakeEnvironmentOptions {
  /** Where the wall clock starts, epoch milliseconds. Default: 2026-01-01T00:00:00Z. */
  readonly now?: number
  /** A whole number; the same one gives the same random bytes and jitter. Default: 1. */
  readonly seed?: number
}

export interface FakeEnvironment extends Environment {
  /**
   * Moves both clocks forward by `ms` and runs the timers that fall due, in order, each at its time.
   * Before, between and after them promise jobs run, and one turn of the event loop passes.
   */
  advance(ms: number): Promise<void>
  /** Moves the wall clock alone, forward or back, as an operator or NTP does. No timer runs. */
  step(ms: number): void
  /** How many timers are pending. */
  readonly timers: number
  /** Everything that was logged, oldest first. */
  readonly logs: readonly LogEntry[]
  /** While `true`, `randomBytes` throws `RANDOMNESS_FAILED`. */
  randomnessFails: boolean
}

/** 2026-01-01T00:00:00Z: where a fake clock starts unless told otherwise. */
export const FAKE_START = 1_767_225_600_000

/** What Node waits when asked for less. */
const SHORTEST_TIMEOUT = 1

export function fakeEnvironment(options: FakeEnvironmentOptions = {}): FakeEnvironment {
  const start = options.now ?? FAKE_START
  const chance = seeded(options.seed ?? 1)
  const jitter = seeded((options.seed ?? 1) + 1)
  const pending = new Set<Pending>()
  const logs: LogEntry[] = []
  let elapsed = 0
  let stepped = 0

  const environment: FakeEnvironment = {
    randomnessFails: false,
    logs,
    get timers() {
      return pending.size
    },
    now: () => start + elapsed + stepped,
    monotonic: () => elapsed,
    after: (ms, run) => arm(pending, elapsed + Math.max(SHORTEST_TIMEOUT, ms || 0), run),
    randomBytes: (count) => {
      if (environment.randomnessFails)
        throw new SystemError('RANDOMNESS_FAILED', 'The test made the generator fail.')
      return chance.bytes(count)
    },
    jitter: () => jitter.next(),
    log: (entry) => void logs.push(entry),
    step: (ms) => {
      stepped += ms
    },
    advance: async (ms) => {
      const end = elapsed + ms
      await turn()
      for (let due = firstDue(pending, end); due !== undefined; due = firstDue(pending, end)) {
        pending.delete(due)
        elapsed = Math.max(elapsed, due.at)
        due.run()
        await turn()
      }
      elapsed = Math.max(elapsed, end)
      await turn()
    },
  }
  return environment
}

interface Pending {
  readonly at: number
  readonly run: () => void
}

function arm(pending: Set<Pending>, at: number, run: () => void): Timer {
  const timer = { at, run }
  pending.add(timer)
  return { cancel: () => void pending.delete(timer) }
}

/** A set keeps the order of arming, which decides between timers that are due at the same moment. */
function firstDue(pending: Set<Pending>, end: number): Pending | undefined {
  let first: Pending | undefined
  for (const timer of pending) {
    if (timer.at <= end && (first === undefined || timer.at < first.at)) first = timer
  }
  return first
}
