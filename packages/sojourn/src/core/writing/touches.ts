/**
 * Touches: the idle deadline of a session that was seen is moved on, off the response's path and dropped on conflict.
 * Each check would bring up again what has failed. So a roster that takes no touch is left alone for a while, longer
 * each time; and while none of many takes one, neither is any other asked for a moment.
 */
import type { Counts } from '../counting/counts.ts'
import type { Environment } from '../environment.ts'
import { SystemError } from '../errors.ts'
import { type RosterKey, sessionId } from '../ids.ts'
import { touchInterval } from '../policy/lifetimes.ts'
import { touch } from '../rules/change.ts'
import { basisOf, type Presented } from '../session.ts'
import type { Chores } from './chores.ts'
import type { Writer } from './writer.ts'

export interface Touches {
  /** The session was seen when it was checked. **Cost**: nothing is waited for. */
  add(presented: Presented): void
}

const PAUSE_MS = 1000
/** So many rosters one after another, and no touch written in between: it is the store. */
const MOST_IN_A_ROW = 8
/** So many are remembered; for those that failed longer ago, nothing is known. */
const MOST_FAILING = 10_000

interface Failing {
  readonly pauseMs: number
  readonly until: number
}

export function createTouches(parts: {
  readonly environment: Environment
  readonly chores: Chores
  readonly writer: Writer
  readonly counts: Counts
}): Touches {
  const { environment, chores, writer, counts } = parts
  const failing = new Map<RosterKey, Failing>()
  const inARow = new Set<RosterKey>()
  let allUntil = Number.NEGATIVE_INFINITY

  function isPaused(roster: RosterKey): boolean {
    const now = environment.monotonic()
    return now < allUntil || now < (failing.get(roster)?.until ?? now)
  }

  function failed({ roster, record, settings }: Presented): void {
    const now = environment.monotonic()
    // Under way when the others failed.
    if (now < allUntil) return
    const longest = Math.max(PAUSE_MS, touchInterval(settings.lifetimes[record.lifetime]))
    const pauseMs = Math.min(2 * (failing.get(roster)?.pauseMs ?? PAUSE_MS / 2), longest)
    failing.delete(roster)
    const [longestAgo] = failing.size < MOST_FAILING ? [] : failing.keys()
    if (longestAgo !== undefined) failing.delete(longestAgo)
    failing.set(roster, { pauseMs, until: now + pauseMs })
    inARow.add(roster)
    if (inARow.size < MOST_IN_A_ROW) return
    inARow.clear()
    // None of them is worse than the others.
    failing.clear()
    allUntil = now + PAUSE_MS
  }

  function written(roster: RosterKey): void {
    failing.delete(roster)
    inARow.clear()
    allUntil = Number.NEGATIVE_INFINITY
  }

  async function write(presented: Presented): Promise<void> {
    const { roster, record, checkedAt } = presented
    if (isPaused(roster)) return counts.touches.add('dropped')
    try {
      const { outcome } = await writer.change(roster, {
        scope: record.number,
        rule: touch(basisOf(presented), checkedAt),
        writeClass: 'fast',
        repeatable: true,
        once: true,
      })
      if (outcome !== 'unchanged') written(roster)
      counts.touches.add(outcome === 'unchanged' ? 'coalesced' : 'written')
    } catch (error) {
      counts.touches.add('dropped')
      if (isTrouble(error)) failed(presented)
    }
  }

  return {
    add(presented) {
      if (isPaused(presented.roster)) return counts.touches.add('dropped')
      const id = sessionId(presented.roster, presented.record.number)
      const added = chores.add(`touch ${id}`, () => write(presented))
      if (added !== 'added') counts.touches.add(added === 'full' ? 'dropped' : 'coalesced')
    },
  }
}

/** Losing to another write is none. */
function isTrouble(error: unknown): boolean {
  return !(error instanceof SystemError && error.code === 'CONTENTION')
}
