/**
 * Forgetting without a timer: whoever writes also looks at a few rosters and drops those whose time is over.
 * The place is kept in an iterator, so a step costs the same however many rosters there are, and the store
 * never stops to look at all of them.
 */
import type { Environment } from '../../core/environment.ts'

/** A wall clock may be wrong by this much before a roster is dropped too early. */
const CLOCK_SLACK_MS = 3_600_000

/**
 * A function that looks at the next `count` rosters and drops what need not be kept, starting over at the
 * end; it looks at none of them twice in one call.
 */
export function steppingSweep<Key>(
  rosters: Map<Key, { readonly keepUntil: number }>,
  environment: Environment,
): (count: number) => void {
  let place = rosters.entries()
  return (count) => {
    const dropBefore = environment.now() - CLOCK_SLACK_MS
    for (let left = Math.min(count, rosters.size); left > 0; left--) {
      const [key, { keepUntil }] = following()
      if (keepUntil < dropBefore) rosters.delete(key)
    }
  }

  function following(): [Key, { readonly keepUntil: number }] {
    const next = place.next()
    if (!next.done) return next.value
    place = rosters.entries()
    return following()
  }
}
