/**
 * How long somebody else may take, not counting the times when this process was held up itself. After a stall Node runs the
 * timers that are overdue before it reads what has arrived meanwhile, so one timer would condemn a server that
 * answered at once. Here each look arms the next one, and a stall costs one look, however long it was.
 */
import type { Environment, Timer } from '../../core/environment.ts'

const LOOKS = 5

/**
 * Calls `giveUp` once, after `ms` in which this process was well; a stall adds what it takes, less a fifth of `ms` at most.
 * **Cost**: one timer, and another at each fifth.
 */
export function patience(environment: Environment, ms: number, giveUp: () => void): Timer {
  let looks = 0
  let timer = environment.after(ms / LOOKS, look)
  return { cancel: () => timer.cancel() }

  function look(): void {
    if (++looks === LOOKS) return giveUp()
    timer = environment.after(ms / LOOKS, look)
  }
}
