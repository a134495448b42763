/**
 * Read modes, and what may rest on a copy. A copy is late by at most its lease, so it can say that a session is still
 * there, and accept it for that long after it has ended. It can never say that one has ended, was replaced, or is not
 * there yet: that is asked where it is known.
 */
import type { Judgement } from './judge.ts'
import type { RecognisedToken } from './recognised.ts'
import { authorityOf, readsSynchronously, type SessionStore, type SynchronousReads } from '../store.ts'

/**
 * How late a check may be. `bounded`: what the store answers, which sees a revocation within 5 s wherever it was made.
 * `strict`: what its authority answers, which sees it at once.
 */
export type ReadMode = 'bounded' | 'strict'

export interface Copies {
  readonly isCopying: boolean
  /** Who answers at once in mode `bounded`. */
  readonly near: SynchronousReads | undefined
  /** Who answers at once with what is known for sure. */
  readonly sure: SynchronousReads | undefined
}

export function copiesOf(store: SessionStore): Copies {
  const authority = authorityOf(store)
  return {
    isCopying: authority !== store,
    near: readsSynchronously(store) ? store : undefined,
    sure: readsSynchronously(authority) ? authority : undefined,
  }
}

/**
 * Whether a decision that was made on a copy stands. Two do:
 *
 * - `valid`, unless the client would be handed a token: in place of one that the copy has not heard of it would sign
 *   the client out.
 * - `unknown`, of a token of which the authority has said so before. A token is given out after its session was
 *   admitted and what has ended stays ended, so it is still so. A number may come again with another secret, when a
 *   sign-in is continued; that token was never said to be unknown.
 */
export function restsOnCopy(
  judgement: Judgement,
  { claims, isUnknown }: Pick<RecognisedToken, 'claims' | 'isUnknown'>,
): boolean {
  if (judgement.kind === 'valid') return judgement.by === 'present' && !claims.retiring
  return judgement.kind === 'none' && judgement.reason === 'unknown' && isUnknown
}
