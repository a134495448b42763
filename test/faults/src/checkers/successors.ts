/**
 * However many new tokens are asked for at once, a session has one line of them: no two tokens of one generation are ever
 * accepted, and none of an earlier generation once a later one was. Pure.
 */
import { bySession, type Operation } from '../history.ts'

export interface Successors {
  /** How many sessions were given a new token. */
  readonly regenerated: number
  /** The most tokens of one generation that were accepted. */
  readonly mostOfOneGeneration: number
  /** Accepted although another of its generation was, or later than the bound after a later one was. */
  readonly violations: readonly Operation[]
}

export interface SuccessorsOptions {
  /** How late this check may see a new token. Default 0: no copies. */
  readonly boundMs?: (check: Operation) => number
}

export function successors(
  history: readonly Operation[],
  { boundMs = () => 0 }: SuccessorsOptions = {},
): Successors {
  let regenerated = 0
  let mostOfOneGeneration = 0
  const violations: Operation[] = []
  for (const operations of bySession(history).values()) {
    if (operations.some(({ op, result }) => op === 'regenerate' && result === 'done')) regenerated++
    const accepted = operations.filter(isAccepted)
    const firstSeen = firstAcceptances(accepted)
    const marks = new Map<number, Set<string>>()
    for (const check of accepted) {
      const { generation, mark } = check.token
      const known = marks.get(generation) ?? new Set()
      const isFork = known.size > 0 && !known.has(mark)
      marks.set(generation, known.add(mark))
      mostOfOneGeneration = Math.max(mostOfOneGeneration, known.size)
      const overtakenAt = Math.min(
        Number.POSITIVE_INFINITY,
        ...[...firstSeen].flatMap(([later, at]) => (later > generation ? [at] : [])),
      )
      if (isFork || check.invokedAt > overtakenAt + boundMs(check)) violations.push(check)
    }
  }
  return { regenerated, mostOfOneGeneration, violations }
}

type Accepted = Operation & { readonly token: NonNullable<Operation['token']>; readonly returnedAt: number }

function isAccepted(operation: Operation): operation is Accepted {
  const { op, result, token, returnedAt } = operation
  return op === 'verify' && result === 'valid' && token !== undefined && returnedAt !== undefined
}

/** When each generation was first known to be good. */
function firstAcceptances(accepted: readonly Accepted[]): ReadonlyMap<number, number> {
  const first = new Map<number, number>()
  for (const { token, returnedAt } of accepted)
    first.set(token.generation, Math.min(returnedAt, first.get(token.generation) ?? Number.POSITIVE_INFINITY))
  return first
}
