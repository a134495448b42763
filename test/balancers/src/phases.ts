/** What is done to the fleet under load. */
import { setTimeout as delay } from 'node:timers/promises'
import { type Name, NAMES } from './fleet.ts'
import type { Phase } from './trial.ts'

/** Nothing happens, for so long. */
export function steady(pauseMs: number, forMs: number): Phase {
  return { pauseMs, act: () => delay(forMs) }
}

/** One process is gone from one moment to the next, for a while, and comes back. */
export function killed(pauseMs: number, turns: number): Phase {
  return {
    pauseMs,
    async act(on) {
      await on.turns(turns)
      await on.fleet.kill('two')
      await on.turns(3 * turns)
      await on.fleet.start('two')
      await on.isUsed('two')
    },
  }
}

/** One after the other leaves and comes back: the next one when the balancer uses the one before again. */
export function restarted(pauseMs: number, names: readonly Name[] = NAMES): Phase {
  return {
    pauseMs,
    async act(on) {
      for (const name of names) {
        await on.fleet.restart(name)
        await on.isUsed(name)
      }
    },
  }
}

/** One process hears nothing from the others for a while, nor they from it; and answers as before. */
export function cutOff(pauseMs: number, turns: number): Phase {
  return {
    pauseMs,
    async act(on) {
      await on.turns(turns)
      on.fleet.cut('two')
      await on.turns(3 * turns)
      on.fleet.heal()
      await on.turns(4 * turns)
    },
  }
}
