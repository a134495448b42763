/** What became of a request's changes, and how several commits of one request make one answer. */
import type { ResponseHeaders } from './delivery.ts'
import type { Problem } from './problem.ts'

/** What a handle's `commit` came to. In every case the response needs `headers`: a token may have changed before. */
export type Committed =
  | { readonly kind: 'committed'; readonly headers: ResponseHeaders }
  /** The session ended while the request ran; none of its changes were stored. Answer `problem`. */
  | {
      readonly kind: 'refused'
      readonly reason: 'ended' | 'superseded'
      readonly problem: Problem
      readonly headers: ResponseHeaders
    }
  /** The store failed. Answer `problem` (503) and leave the cookie alone. */
  | { readonly kind: 'unavailable'; readonly problem: Problem; readonly headers: ResponseHeaders }
  /** The data cannot be stored: too large, or not what the schema wants, or the schema threw. None of it was. */
  | {
      readonly kind: 'failed'
      readonly error: unknown
      readonly problem: Problem
      readonly headers: ResponseHeaders
    }

/** From this status on a response keeps no data changes. */
export const FAILED = 500

/** A later token takes the place of an earlier one: one cookie of a name in a response. */
export function followedBy(earlier: Committed, later: Committed): Committed {
  return later.headers.length > 0 ? later : { ...later, headers: earlier.headers }
}
