/**
 * One commit and what became of it. After a failure the outcome is unknown: the change is looked for by its id
 * before anything is repeated.
 */
import type { Deadlines } from './deadline.ts'
import { type SystemCode, SystemError } from './errors.ts'
import type { RosterKey } from './ids.ts'
import { loadRoster } from './loading.ts'
import type { RosterView } from './rules/rule.ts'
import type { RosterChange, SessionStore } from './store.ts'

export interface Landing {
  readonly before: RosterView | undefined
  readonly change: RosterChange
  /** Applying the rules once more is as good as once. */
  readonly repeatable: boolean
}

interface LandingParts {
  readonly store: SessionStore
  readonly deadlines: Deadlines
}

/** `conflict`: it did not land, or may safely be repeated. @throws SystemError when neither can be known */
export async function land(
  parts: LandingParts,
  key: RosterKey,
  landing: Landing,
): Promise<'committed' | 'uncertain' | 'conflict'> {
  try {
    const answer = await parts.deadlines.limit(() => parts.store.commit(key, landing.change))
    return answer === 'gone' ? 'conflict' : answer
  } catch (error) {
    if (!(error instanceof SystemError) || mayHaveLanded(error.code))
      return await lookFor(parts, key, landing, error)
    throw error
  }
}

/** Refusals that come before anything is touched. */
const NOTHING_WRITTEN: readonly SystemCode[] = [
  'STORE_FULL',
  'STORE_READ_ONLY',
  'STORE_CORRUPT',
  'STORE_FOREIGN',
  'STORE_NEWER',
  'OVERLOADED',
  'CLOSED',
]

function mayHaveLanded(code: SystemCode): boolean {
  return !NOTHING_WRITTEN.includes(code)
}

async function lookFor(
  parts: LandingParts,
  key: RosterKey,
  landing: Landing,
  cause: unknown,
): Promise<'committed' | 'conflict'> {
  const now = await loadRoster(parts, key, 'roster').catch(() => {
    throw unknownOutcome(cause)
  })
  const landed = whetherLanded(landing, now)
  if (landed === 'yes') return 'committed'
  if (landed === 'no' || landing.repeatable) return 'conflict'
  throw unknownOutcome(cause)
}

/**
 * `no` is certain only while the version that the change expected still stands: should the change arrive after
 * all, it and a repetition expect the same version, and one of them conflicts.
 */
function whetherLanded({ before, change }: Landing, now: RosterView | undefined): 'yes' | 'no' | 'unknown' {
  if (change.header === 'drop') return now === undefined ? 'yes' : 'unknown'
  if (now === undefined) return before === undefined ? 'no' : 'unknown'
  if (now.header.lastCommit === change.id) return 'yes'
  if (change.put.some((session) => now.sessions.get(session.number)?.lastCommit === change.id)) return 'yes'
  return before !== undefined && isUntouched(before, change, now) ? 'no' : 'unknown'
}

function isUntouched(before: RosterView, change: RosterChange, now: RosterView): boolean {
  if (now.header.incarnation !== before.header.incarnation) return false
  if (change.header !== undefined) return now.header.version === before.header.version
  return change.put.every(
    ({ number }) => now.sessions.get(number)?.version === before.sessions.get(number)?.version,
  )
}

function unknownOutcome(cause: unknown): SystemError {
  const message =
    'The store failed during a write; whether it was applied is not known. Read again before repeating it.'
  return new SystemError('STORE_UNAVAILABLE', message, { retryable: true, cause })
}
