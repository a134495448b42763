/** How long to wait before trying again, so that neither one process hurries nor all of them come at the same moment. */
import type { Environment } from '../../core/environment.ts'

const SHORTEST_MS = 25
const LONGEST_MS = 1_000

/** Milliseconds before the nth attempt, counted from 1: doubling from 25 to a second, and up to half less by chance. */
export function pauses(environment: Environment): (attempt: number) => number {
  return (attempt) => {
    const longest = Math.min(LONGEST_MS, SHORTEST_MS * 2 ** (attempt - 1))
    return Math.ceil(longest * (1 - environment.jitter() / 2))
  }
}
