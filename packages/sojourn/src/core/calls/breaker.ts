/**
 * The breaker of one kind of store call. When calls keep failing, those that follow are turned away at once for a
 * short, jittered pause, instead of waiting for their deadlines one by one and piling up; then one call probes, and
 * an answer in time lets all through again.
 *
 * It keeps nobody waiting, so nobody rushes in when it closes, and it has no timer: it looks at the clock when it is
 * asked. A store that refuses something (`STORE_FULL`, `CONTENTION`) has answered. An answer that comes after its
 * deadline is a sign of life and not of health: the next call may probe at once.
 */
import type { Environment } from '../environment.ts'
import { InputError, type SystemCode, SystemError } from '../errors.ts'

/** Which calls: reads under the deadline of a check, reads and writes under that of a change. */
export type CallKind = 'checks' | 'reads' | 'writes'

export interface BreakerState {
  readonly state: 'closed' | 'open' | 'probing'
  /** How often it has opened. */
  readonly opened: number
  /** How many calls were turned away. */
  readonly refused: number
}

export interface Breaker extends BreakerState {
  /** Whether the call may be made. Whoever is admitted tells what came of it: one of the three below, by its deadline. */
  admit(options: { readonly urgent: boolean }): Admission
  /** The call was answered in time. */
  answered(): void
  /** The call failed, or was not answered in time. */
  failed(error: unknown, admission: Admission): void
  /** The call was answered after its deadline, which was told as a failure. */
  answeredLate(): void
}

export type Admission = 'call' | 'probe' | NotMade

/** Turned away: the store has not seen the call. Outside it is a `STORE_UNAVAILABLE` like any other. */
export class NotMade extends SystemError {
  constructor(kind: CallKind, pauseMs: number) {
    super(
      'STORE_UNAVAILABLE',
      `The store has kept failing (${kind}), so this call was not made. The store is asked again within ${Math.ceil(pauseMs)} ms; look at its health.`,
      { retryable: true },
    )
  }
}

/** How many failures, over how long a time, open it, when less than one call in so many was answered meanwhile. */
const FAILURES = 10
const FAILING_FOR_MS = 250
const ANSWERED_ONE_IN = 20
/**
 * How long answers are remembered, once and once again. Of a cluster one part may be gone: the others go on answering, but
 * a process that was held up sees all failures first and the answers behind them.
 */
const WINDOW_MS = 1000
const SHORTEST_PAUSE_MS = 100
/** Below the second that clients are told to wait (`Retry-After`). */
export const LONGEST_PAUSE_MS = 500

const FAILING: readonly SystemCode[] = ['DEADLINE_EXCEEDED', 'STORE_UNAVAILABLE']
/** Said by this process, at once, without asking the store. */
const NOT_ASKED: readonly SystemCode[] = ['OVERLOADED', 'STORE_UNCONFIRMED', 'CLOSED', 'RANDOMNESS_FAILED']

export function createBreaker(parts: {
  readonly environment: Environment
  readonly kind: CallKind
  /** Called at once when it opens or closes. */
  readonly changed: (to: 'opened' | 'closed') => void
}): Breaker {
  const { environment, kind, changed } = parts
  let state: BreakerState['state'] = 'closed'
  let failures = 0
  let failingSince = 0
  /** Since the first of these failures, and in the window before. */
  let answers = 0
  let answersBefore = 0
  let closedUntil = 0
  let opened = 0
  let refused = 0

  function pause(): void {
    state = 'open'
    const length = SHORTEST_PAUSE_MS + environment.jitter() * (LONGEST_PAUSE_MS - SHORTEST_PAUSE_MS)
    closedUntil = environment.monotonic() + length
  }

  function count(): void {
    const now = environment.monotonic()
    const isPast = answers + answersBefore > 0 && now - failingSince >= WINDOW_MS
    if (failures === 0 || isPast) {
      answersBefore = now - failingSince < 2 * WINDOW_MS ? answers : 0
      answers = 0
      failures = 0
      failingSince = now
    }
    failures++
    openIfFailing()
  }

  function openIfFailing(): void {
    if (failures < FAILURES || environment.monotonic() - failingSince < FAILING_FOR_MS) return
    if ((answers + answersBefore) * ANSWERED_ONE_IN >= failures) return
    opened++
    pause()
    changed('opened')
  }

  function answered(): void {
    if (state === 'closed') {
      if (failures > 0) answers++
      return
    }
    failures = 0
    answers = 0
    state = 'closed'
    changed('closed')
  }

  return {
    get state() {
      return state
    },
    get opened() {
      return opened
    },
    get refused() {
      return refused
    },
    admit({ urgent }) {
      if (state === 'closed' || urgent) return 'call'
      const left = closedUntil - environment.monotonic()
      if (state === 'open' && left <= 0) {
        state = 'probing'
        return 'probe'
      }
      refused++
      return new NotMade(kind, Math.max(left, SHORTEST_PAUSE_MS))
    },
    answered,
    failed(error, admission) {
      const meaning = meaningOf(error)
      if (meaning === 'answer') return answered()
      if (state === 'closed') return meaning === 'failure' ? count() : openIfFailing()
      if (admission !== 'probe' || state !== 'probing') return
      if (meaning === 'failure') pause()
      // Nothing was learnt of the store, so the next call probes.
      else state = 'open'
    },
    answeredLate() {
      if (state === 'open') closedUntil = environment.monotonic()
    },
  }
}

/** What an error says about the store. Whatever is not ours was thrown by a driver that could not do better. */
function meaningOf(error: unknown): 'failure' | 'answer' | 'nothing' {
  // What one user wants to keep is too much, or cannot be kept.
  if (error instanceof InputError) return 'nothing'
  if (!(error instanceof SystemError)) return 'failure'
  if (error instanceof NotMade || NOT_ASKED.includes(error.code)) return 'nothing'
  return FAILING.includes(error.code) ? 'failure' : 'answer'
}
