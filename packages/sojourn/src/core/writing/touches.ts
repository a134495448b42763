/**
 * Touches: the idle deadline of a session that was seen is moved on, off the response's path and dropped on conflict.
 * While the store takes none, one is tried now and then for all sessions together: each check would bring its own up again.
 */
import type { Counts } from '../counting/counts.ts'
import type { Environment } from '../environment.ts'
import { SystemError } from '../errors.ts'
import { sessionId } from '../ids.ts'
import { touch } from '../rules/change.ts'
import { basisOf, type Presented } from '../session.ts'
import type { Chores } from './chores.ts'
import type { Writer } from './writer.ts'

export interface Touches {
  /** The session was seen when it was checked. **Cost**: nothing is waited for. */
  add(presented: Presented): void
}

const PAUSE_MS = 1000

export function createTouches(parts: {
  readonly environment: Environment
  readonly chores: Chores
  readonly writer: Writer
  readonly counts: Counts
}): Touches {
  const { environment, chores, writer, counts } = parts
  let pausedUntil = Number.NEGATIVE_INFINITY

  async function write(presented: Presented): Promise<void> {
    const { roster, record, checkedAt } = presented
    try {
      const { outcome } = await writer.change(roster, {
        scope: record.number,
        rule: touch(basisOf(presented), checkedAt),
        writeClass: 'fast',
        repeatable: true,
        once: true,
      })
      counts.touches.add(outcome === 'unchanged' ? 'coalesced' : 'written')
    } catch (error) {
      counts.touches.add('dropped')
      if (isTrouble(error)) pausedUntil = environment.monotonic() + PAUSE_MS
    }
  }

  return {
    add(presented) {
      if (environment.monotonic() < pausedUntil) return counts.touches.add('dropped')
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
