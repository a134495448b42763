/** Waiting for other work of this process, without a clock. For tests and test doubles; the library never waits so. */
import { setImmediate } from 'node:timers/promises'

/** Resolves after one turn of the event loop: all promise jobs that were ready have run by then. */
export function turn(): Promise<void> {
  return setImmediate()
}
