/** Turns of the event loop, without a clock. */
import { setImmediate as immediate } from 'node:timers/promises'

/** Resolves after one turn: all promise jobs that were ready have run by then. For tests; the library never waits so. */
export function turn(): Promise<void> {
  return immediate()
}

/** Runs the work when everything that arrived together has been dealt with: in this turn, before the loop waits again. */
export function endOfTurn(work: () => void): void {
  setImmediate(work)
}
