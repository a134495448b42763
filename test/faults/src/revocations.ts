/** What has to become of revocations, whether they were acknowledged or not. */
import type { Called } from './application.ts'
import type { Operation } from './history.ts'
import type { Finding } from './judged.ts'

export function revocationFindings(
  history: readonly Operation[],
  { asked, called }: { readonly asked: number; readonly called: readonly Called[] },
): readonly Finding[] {
  return [
    {
      what: 'revocations neither resolved nor rejected',
      violations: asked - called.length,
      of: asked,
    },
    {
      what: 'revocations rejected otherwise than as uncertain',
      violations: called.filter(({ operation }) => isOtherFailure(operation)).length,
      of: called.length,
    },
    { what: 'revocations that were not driven to completion', ...notCompleted(history) },
  ]
}

/** Sessions that somebody was asked to revoke, and that were accepted when they were last looked at. */
function notCompleted(history: readonly Operation[]): Pick<Finding, 'violations' | 'of'> {
  const asked = new Set(history.flatMap(({ op, session }) => (op === 'revoke' ? (session ?? []) : [])))
  const last = new Map<string, Operation>()
  for (const check of history) {
    const { op, node, session = '' } = check
    if (op !== 'verify' || !asked.has(session)) continue
    const known = last.get(`${node} ${session}`)
    if (known === undefined || known.invokedAt < check.invokedAt) last.set(`${node} ${session}`, check)
  }
  const alive = [...last.values()].filter(({ result }) => result === 'valid').map(({ session }) => session)
  return { violations: new Set(alive).size, of: asked.size }
}

function isOtherFailure({ result, code }: Operation): boolean {
  return result !== 'done' && code !== 'REVOKE_UNCERTAIN'
}
