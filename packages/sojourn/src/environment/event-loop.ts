/**
 * How late the event loop is, as this process knows of itself. Two monitors take turns: what is told covers the last
 * two turns, so nothing falls between two looks, and no look takes anything from another.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Environment } from '../core/environment.ts'
import type { Described, Measure, SelfMeasuring } from '../core/measures.ts'
import { systemEnvironment } from './system.ts'

/** Nanoseconds. */
export type Monitor = Pick<ReturnType<typeof monitorEventLoopDelay>, 'max' | 'percentile' | 'reset'>

const RESOLUTION_MS = 20
/** No turn is shorter. */
const TURN_MS = 10_000
const NANOSECONDS = 1e9

const P99: Described = {
  name: 'sojourn.event_loop.delay.p99',
  description:
    'How late the event loop was in the last turns of 10 s or more, for all but the worst percent.',
  unit: 's',
  attributes: {},
}
const MOST: Described = {
  name: 'sojourn.event_loop.delay.max',
  description: 'How late the event loop was at the worst in the last turns of 10 s or more.',
  unit: 's',
  attributes: {},
}

/** Begins with the first look and goes on with the process. **Cost**: two timers of the runtime's own, every 20 ms. */
export function monitoredEventLoop(
  environment: Pick<Environment, 'monotonic'>,
  monitor: () => Monitor = startedMonitor,
): SelfMeasuring {
  let monitors: readonly [Monitor, Monitor] | undefined
  let turnedAt = environment.monotonic()

  function turn([older, younger]: readonly [Monitor, Monitor]): void {
    if (environment.monotonic() - turnedAt < TURN_MS) return
    older.reset()
    monitors = [younger, older]
    turnedAt = environment.monotonic()
  }

  return {
    measures() {
      monitors ??= [monitor(), monitor()]
      const [older] = monitors
      const measures: readonly Measure[] = [
        { ...P99, kind: 'gauge', value: delay(older.percentile(99)) },
        { ...MOST, kind: 'gauge', value: delay(older.max) },
      ]
      turn(monitors)
      return measures
    },
  }
}

/** Of this process, however often it is asked for. */
export const eventLoop: SelfMeasuring = monitoredEventLoop(systemEnvironment)

function startedMonitor(): Monitor {
  const monitor = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  monitor.enable()
  return monitor
}

/** Seconds. What is measured is the time between two runs of a timer, its own pause included. */
function delay(nanoseconds: number): number {
  return Math.max(nanoseconds / NANOSECONDS - RESOLUTION_MS / 1000, 0)
}
