/**
 * Deadlines that the library enforces itself, whatever a driver does. All calls of one kind share a length, so
 * they end in the order they began: one queue and one timer serve any number of calls. The timer keeps the process
 * alive, because somebody awaits those calls, and is there only while one of them has not been answered.
 */
import type { Environment, Timer } from '../environment.ts'
import { SystemError } from '../errors.ts'

export interface Deadlines {
  /** `call`'s result, or a `DEADLINE_EXCEEDED` when it takes too long. The call itself goes on; its outcome is unknown. */
  limit<T>(call: () => Promise<T>): Promise<T>
}

interface Waiting {
  readonly dueAt: number
  settled: boolean
  readonly expire: () => void
}

/** How long after its deadline a call that has not come back still counts as in flight. */
const WRITTEN_OFF_AFTER_MS = 30_000

/** @throws (from `limit`) SystemError `DEADLINE_EXCEEDED`; `OVERLOADED` at once when `mostInFlight` calls have not come back, unless they were given up long ago */
export function createDeadlines(
  environment: Environment,
  options: { readonly ms: number; readonly mostInFlight: number },
): Deadlines {
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
    const rest: Waiting[] = []
    for (const entry of queue) {
      if (entry.settled) continue
      if (entry.dueAt <= now) entry.expire()
      else rest.push(entry)
    }
    queue = rest
    settledAhead = 0
    arm()
  }

  /** A driver that lost a call never brings it back, and a store that is well again must not stay closed for it. */
  function writeOff(): void {
    const latest = environment.monotonic() - WRITTEN_OFF_AFTER_MS
    for (const entry of overdue) {
      if (entry.dueAt > latest) return
      overdue.delete(entry)
      inFlight--
    }
  }

  return {
    limit<T>(call: () => Promise<T>): Promise<T> {
      if (inFlight >= options.mostInFlight) writeOff()
      if (inFlight >= options.mostInFlight) return Promise.reject(overloaded(options.mostInFlight))
      return new Promise<T>((resolve, reject) => {
        const entry: Waiting = {
          dueAt: environment.monotonic() + options.ms,
          settled: false,
          expire() {
            overdue.add(entry)
            settle(() => reject(exceeded(options.ms)))
          },
        }
        const settle = (then: () => void): void => {
          if (entry.settled) return
          entry.settled = true
          forgetSettled()
          then()
        }
        const back = (then: () => void): void => {
          if (!entry.settled || overdue.delete(entry)) inFlight--
          settle(then)
        }
        queue.push(entry)
        if (timer === undefined) arm()
        inFlight++
        started(call).then(
          (value) => back(() => resolve(value)),
          (error: unknown) => back(() => reject(error)),
        )
      })
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
