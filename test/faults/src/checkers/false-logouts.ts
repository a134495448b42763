/**
 * Nobody is signed out who was not: a `none`, or a cookie that was cleared, for a session that the history says is live.
 * Pure.
 *
 * A session is live from the acknowledgement of its sign-in until the first of what may have ended it was asked for. A
 * token that was replaced, or may have been, says nothing. Timeouts are not modelled: sessions of the lab outlive it.
 */
import type { Operation } from '../history.ts'
import { endingsOf } from './endings.ts'

export interface FalseLogoutsOptions {
  /** Whether a fault that was declared explains it. Default: nothing does. */
  readonly except?: (check: Operation) => boolean
}

export function falseLogouts(
  history: readonly Operation[],
  { except = () => false }: FalseLogoutsOptions = {},
): readonly Operation[] {
  const { signIns, earliest } = endingsOf(history)
  const replaced = firstReplacements(history)
  return history.filter((check) => {
    const { op, session = '', result, cleared, invokedAt, returnedAt = Number.POSITIVE_INFINITY } = check
    if (op !== 'verify' || (result !== 'none' && cleared === undefined)) return false
    const begunAt = signIns.get(session)?.returnedAt
    if (begunAt === undefined || invokedAt < begunAt) return false
    return returnedAt < earliest(session) && returnedAt < replacedAt(replaced, check) && !except(check)
  })
}

/** By session and generation shown: when a new token was asked for that may have replaced it. */
type Replacements = ReadonlyMap<string, ReadonlyMap<number, number>>

function firstReplacements(history: readonly Operation[]): Replacements {
  const replaced = new Map<string, Map<number, number>>()
  for (const { op, session, token, result, invokedAt } of history) {
    if (op !== 'regenerate' || session === undefined) continue
    if (result === 'refused' || result === 'unavailable') continue
    const generations = replaced.get(session) ?? new Map<number, number>()
    // Of one that nobody answered, what was shown is not known.
    const generation = token?.generation ?? Number.POSITIVE_INFINITY
    generations.set(generation, Math.min(invokedAt, generations.get(generation) ?? Number.POSITIVE_INFINITY))
    replaced.set(session, generations)
  }
  return replaced
}

function replacedAt(replaced: Replacements, { session = '', token }: Operation): number {
  const times = [...(replaced.get(session) ?? [])].flatMap(([generation, at]) =>
    generation >= (token?.generation ?? 0) ? [at] : [],
  )
  return Math.min(Number.POSITIVE_INFINITY, ...times)
}
