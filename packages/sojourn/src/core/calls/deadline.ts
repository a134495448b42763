/**
 * Deadlines that the library enforces itself, whatever a driver does. All calls of one kind share a length, so
 * they end in the order they began: one queue and one timer serve any number of calls. The timer keeps the process
 * alive, because somebody awaits those calls, and is there only while one of them has not been answered.
 *
 * A breaker hears what became of every call, and turns calls away while the store keeps failing.
 */
import type { Environment, Timer } from '../environment.ts'
import { SystemError } from '../errors.ts'
import { type Admission, type Breaker, NotMade } from './breaker.ts'

export interface Deadlines {
  /** `call`'s result, or a `DEADLINE_EXCEEDED` when it takes too long. The call itself goes on; its outcome is unknown. */
  limit<T>(call: () => Promise<T>, options?: LimitOptions): Promise<T>
}

export interface LimitOptions {
  /** Made also while the breaker turns others away. Default false. */
  readonly urgent?: boolean | undefined
}

interface Waiting {
  readonly dueAt: number
  settled: boolean
  readonly expire: () => void
}

/** How long after its deadline a call that has not come back still counts as in flight. */
const WRITTEN_OFF_AFTER_MS = 30_000

/**
 * @throws (from `limit`) SystemError `DEADLINE_EXCEEDED`; at once `OVERLOADED` when `mostInFlight` calls have not come
 * back, unless they were given up long ago, and `STORE_UNAVAILABLE` while the breaker is open
 */
export function createDeadlines(
  environment: Environment,
  options: {
    readonly ms: number
    readonly mostInFlight: number
    readonly breaker: Breaker
  },
): Deadlines {
  const { ms, mostInFlight, breaker } = options
  let queue: Waiting[] = []
  let settledAhead = 0
  let inFlight = 0
  /** Past their deadline and still in flight, in the order they began. */
  const overdue = new Set<Waiting>()
  let timer: Timer | undefined

  /** What has been answered is let go of, or the queue would keep every result until the timer. */
  function forgetSettled(): void {
    while (queue[settledAhead]?.settled === true) settledAhead++
    if (settledAhead < 64 && settledAhead < queue.length) return
    queue = queue.slice(settledAhead)
    settledAhead = 0
    if (queue.length === 0) disarm()
  }

  function arm(): void {
    const first = queue.find((entry) => !entry.settled)
    timer =
      first === undefined
        ? undefined
        : environment.after(Math.max(first.dueAt - environment.monotonic(), 1), expire, { awaited: true })
  }

  function disarm(): void {
    timer?.cancel()
    timer = undefined
  }

  function expire(): void {
    const now = environment.monotonic()
    const waiting = queue.slice(settledAhead).filter((entry) => !entry.settled)
    const due = waiting.findIndex((entry) => entry.dueAt > now)
    queue = due === -1 ? [] : waiting.slice(due)
    settledAhead = 0
    arm()
    for (const entry of due === -1 ? waiting : waiting.slice(0, due)) entry.expire()
  }

  /** A driver that lost a call never brings it back, and a store that is well again must not stay closed for it. */
  function writeOff(latest: number): void {
    for (const entry of overdue) {
      if (entry.dueAt > latest) return
      overdue.delete(entry)
      inFlight--
    }
  }

  /** Room for one more. While the breaker is open calls are few, and go beyond those that were given up. */
  function hasRoom(): boolean {
    if (inFlight < mostInFlight) return true
    writeOff(environment.monotonic() - WRITTEN_OFF_AFTER_MS)
    return inFlight < mostInFlight || (breaker.state !== 'closed' && overdue.size > 0)
  }

  function answered(): void {
    const isRecovery = breaker.state !== 'closed'
    breaker.answered()
    // It answers in time again: what was given up meanwhile is lost, or comes back to nobody.
    if (isRecovery) writeOff(environment.monotonic())
  }

  function follow<T>(call: () => Promise<T>, admission: Admission): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const settle = (then: () => void): void => {
        entry.settled = true
        forgetSettled()
        then()
      }
      const entry: Waiting = {
        dueAt: environment.monotonic() + ms,
        settled: false,
        expire() {
          overdue.add(entry)
          const error = exceeded(ms)
          breaker.failed(error, admission)
          settle(() => reject(error))
        },
      }
      const cameBack = (inTime: () => void): void => {
        if (!entry.settled || overdue.delete(entry)) inFlight--
        if (!entry.settled) settle(inTime)
      }
      queue.push(entry)
      if (timer === undefined) arm()
      inFlight++
      const succeed = (value: T): void => {
        if (entry.settled) breaker.answeredLate()
        else answered()
        cameBack(() => resolve(value))
      }
      const fail = (error: unknown): void => {
        if (!entry.settled) breaker.failed(error, admission)
        cameBack(() => reject(error))
      }
      started(call).then(succeed, fail)
    })
  }

  return {
    limit<T>(call: () => Promise<T>, { urgent = false }: LimitOptions = {}): Promise<T> {
      const admission = breaker.admit({ urgent })
      if (admission instanceof NotMade) return Promise.reject(admission)
      if (hasRoom()) return follow(call, admission)
      const error = overloaded(mostInFlight)
      breaker.failed(error, admission)
      return Promise.reject(error)
    },
  }
}

/** A call that throws at once is one that rejects. */
function started<T>(call: () => Promise<T>): Promise<T> {
  try {
    return call()
  } catch (error) {
    return Promise.reject(error)
  }
}

function exceeded(ms: number): SystemError {
  return new SystemError(
    'DEADLINE_EXCEEDED',
    `The store did not answer within ${ms} ms. Check its health and the network to it.`,
    { retryable: true },
  )
}

function overloaded(most: number): SystemError {
  return new SystemError(
    'OVERLOADED',
    `${most} store calls have not come back yet; this one was not made. The store is too slow for the load.`,
    { retryable: true },
  )
}
