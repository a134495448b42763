/**
 * What was ended stays ended: no check that began later than the bound after the acknowledgement accepts it. One pass
 * over the history. Pure.
 */
import type { Operation } from '../history.ts'
import { endingsOf } from './endings.ts'

export interface StickyRevoke {
  /** How many sessions were certainly ended. */
  readonly ended: number
  /** Checks of ended sessions that began after the acknowledgement, whatever they were answered. */
  readonly checks: number
  /** Those that were accepted beyond the bound. */
  readonly violations: readonly Operation[]
  /** How much later than the bound the worst of them began; 0 without violations. */
  readonly worstLatenessMs: number
  /** How long after the acknowledgement each check began that was accepted, within the bound or not; ascending. */
  readonly acceptedAfterMs: readonly number[]
}

export interface StickyRevokeOptions {
  /** How late this check may see it. */
  readonly boundMs: (check: Operation) => number
}

export function stickyRevoke(history: readonly Operation[], { boundMs }: StickyRevokeOptions): StickyRevoke {
  const { acknowledged } = endingsOf(history)
  const violations: Operation[] = []
  const acceptedAfterMs: number[] = []
  let checks = 0
  let worstLatenessMs = 0
  for (const operation of history) {
    const endedAt = operation.op === 'verify' ? acknowledged.get(operation.session ?? '') : undefined
    if (endedAt === undefined || operation.invokedAt <= endedAt) continue
    checks++
    if (operation.result !== 'valid') continue
    const afterMs = operation.invokedAt - endedAt
    acceptedAfterMs.push(afterMs)
    const latenessMs = afterMs - boundMs(operation)
    if (latenessMs <= 0) continue
    violations.push(operation)
    worstLatenessMs = Math.max(worstLatenessMs, latenessMs)
  }
  return {
    ended: acknowledged.size,
    checks,
    violations,
    worstLatenessMs,
    acceptedAfterMs: acceptedAfterMs.toSorted((one, other) => one - other),
  }
}
