/**
 * How long an item is kept, in the numbers of Memcached: up to 30 days a length of time, so that the server's clock need
 * not agree with ours; above that seconds of 1970, by its clock; 0 for ever, which is until it is evicted. It only cleans
 * up: whether a session is over is judged from its record.
 */

/** Clocks of nodes differ, and an item that goes too early is a logout. */
const SLACK_MS = 3_600_000
/** Where the server's clock decides. */
const LONG_SLACK_MS = 24 * 3_600_000
/** Memcached takes what is larger for an instant. */
const LONGEST_SECONDS = 30 * 24 * 3_600
/** It reads a number of 32 bits with a sign: a later instant would be long ago. */
const LAST_INSTANT = 2 ** 31 - 1

/** @throws TypeError for a `keepUntil` that is no number of milliseconds */
export function lifeUntil(keepUntil: number, now: number): number {
  const left = Math.max(0, keepUntil - now)
  if (!Number.isSafeInteger(Math.ceil(left)))
    throw new TypeError('`keepUntil` of a change is epoch milliseconds.')
  const seconds = Math.ceil((left + SLACK_MS) / 1000)
  if (seconds <= LONGEST_SECONDS) return seconds
  const instant = Math.ceil((keepUntil + LONG_SLACK_MS) / 1000)
  return instant <= LAST_INSTANT ? instant : FOR_EVER
}

export const FOR_EVER = 0
