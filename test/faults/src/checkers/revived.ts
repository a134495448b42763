/**
 * What is over comes back never: no token is accepted that was refused before, whatever ended its session, be it a store
 * that lost it. Who was told that a revocation is uncertain refuses the session alone until it is acknowledged: until then
 * its refusal says nothing for others. Pure.
 */
import type { Operation } from '../history.ts'
import { endingsOf } from './endings.ts'

export interface Revived {
  /** Checks of tokens that had been refused. */
  readonly checks: number
  /** Those that were accepted later than the bound after the first refusal was answered. */
  readonly violations: readonly Operation[]
  readonly worstLatenessMs: number
}

export interface RevivedOptions {
  /** How old a copy may be that another process accepts on. */
  readonly boundMs: number
}

export function revived(history: readonly Operation[], { boundMs }: RevivedOptions): Revived {
  const { acknowledged, earliest } = endingsOf(history)
  const isUncertain = (session: string, at: number): boolean =>
    earliest(session) < at && (acknowledged.get(session) ?? Number.POSITIVE_INFINITY) > at
  const refusedAt = new Map<string, number>()
  for (const { op, result, token, session = '', returnedAt } of history) {
    if (op !== 'verify' || result !== 'none' || token === undefined || returnedAt === undefined) continue
    if (isUncertain(session, returnedAt)) continue
    refusedAt.set(token.mark, Math.min(returnedAt, refusedAt.get(token.mark) ?? Number.POSITIVE_INFINITY))
  }
  const violations: Operation[] = []
  let checks = 0
  let worstLatenessMs = 0
  for (const operation of history) {
    const { op, result, token, invokedAt } = operation
    const since = op === 'verify' && token !== undefined ? refusedAt.get(token.mark) : undefined
    if (since === undefined || invokedAt <= since) continue
    checks++
    const latenessMs = invokedAt - since - boundMs
    if (result !== 'valid' || latenessMs <= 0) continue
    violations.push(operation)
    worstLatenessMs = Math.max(worstLatenessMs, latenessMs)
  }
  return { checks, violations, worstLatenessMs }
}
