/** A moment by both clocks. How old something is, is what the one that says more says: the monotonic clock may stand still while the machine sleeps, and the wall clock may be set. */
import type { Environment } from './environment.ts'

export interface Instant {
  /** Milliseconds from an arbitrary start. */
  readonly monotonic: number
  /** Epoch milliseconds. */
  readonly wall: number
}

/** Longer ago than anything. */
export const NEVER: Instant = { monotonic: Number.NEGATIVE_INFINITY, wall: Number.NEGATIVE_INFINITY }

export function instant(environment: Environment): Instant {
  return { monotonic: environment.monotonic(), wall: environment.now() }
}

/** Milliseconds. */
export function ageAt(since: Instant, now: Instant): number {
  return Math.max(now.monotonic - since.monotonic, now.wall - since.wall)
}
