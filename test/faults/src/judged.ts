/** What the checkers find in the histories of a case, as its result. */
import type { CaseResult } from './case.ts'
import { falseLogouts } from './checkers/false-logouts.ts'
import { revived } from './checkers/revived.ts'
import { stickyRevoke } from './checkers/sticky-revoke.ts'
import type { Operation } from './history.ts'

export interface Judging {
  readonly faults: number
  /** How late a revocation may be seen. */
  readonly boundMs: number
  /** Found by the case itself, besides what the checkers find. */
  readonly further?: readonly Finding[]
  readonly recoveryP99Ms?: number
  readonly facts?: readonly string[]
  /** Whether a fault that the case declares explains that a session is over. Default: nothing does. */
  readonly explained?: (check: Operation) => boolean
}

export interface Finding {
  /** Before the number: `accepted by a node that was cut off, later than F`. */
  readonly what: string
  readonly violations: number
  readonly of: number
  readonly worstLatenessMs?: number
}

export function judged(history: readonly Operation[], judging: Judging): CaseResult {
  const { faults, boundMs, further = [], recoveryP99Ms, facts = [], explained } = judging
  const sticky = stickyRevoke(history, { boundMs: () => boundMs })
  const signedOut = falseLogouts(history, explained === undefined ? {} : { except: explained })
  const again = revived(history, { boundMs })
  const findings: readonly Finding[] = [
    {
      what: 'revoked sessions accepted after ack + bound',
      violations: new Set(sticky.violations.map(({ session }) => session)).size,
      of: sticky.ended,
      worstLatenessMs: sticky.worstLatenessMs,
    },
    {
      what: 'checks that took a live session for over',
      violations: signedOut.length,
      of: history.filter(({ op }) => op === 'verify').length,
    },
    {
      what: 'checks that accepted what had been refused before',
      violations: again.violations.length,
      of: again.checks,
      worstLatenessMs: again.worstLatenessMs,
    },
    ...further,
  ]
  return {
    operations: history.length,
    faults,
    violations: findings.reduce((sum, { violations }) => sum + violations, 0),
    worstLatenessMs: Math.max(...findings.map(({ worstLatenessMs = 0 }) => worstLatenessMs)),
    ...(recoveryP99Ms === undefined ? {} : { recoveryP99Ms }),
    facts: [...findings.map(({ what, violations, of }) => `${what}: ${violations} of ${of}`), ...facts],
  }
}
