/** Figures for people, from a history: no case is decided by them. */
import { percentile } from './crowd.ts'
import type { Operation } from './history.ts'

export interface Span {
  readonly from: number
  readonly to: number
}

/** How long the checks took that began then. */
export function waitsIn(history: readonly Operation[], { from, to }: Span): string {
  const took = history.flatMap(({ op, invokedAt, returnedAt }) =>
    op === 'verify' && returnedAt !== undefined && invokedAt >= from && invokedAt < to
      ? [returnedAt - invokedAt]
      : [],
  )
  return `${took.length} checks, p50 ${rounded(percentile(took, 0.5))} ms, p99 ${rounded(percentile(took, 0.99))} ms, longest ${rounded(Math.max(0, ...took))} ms`
}

export function rounded(ms: number): number {
  return ms < 10 ? Math.round(ms * 100) / 100 : Math.round(ms)
}
