/**
 * What became of a commit whose outcome is not known: it is looked for by its id in what the store has now, before
 * anything is repeated.
 */
import { NotMade } from '../calls/breaker.ts'
import { type SystemCode, SystemError } from '../errors.ts'
import type { RosterView } from '../rules/rule.ts'
import type { RosterChange } from '../store.ts'

export interface Landing {
  readonly before: RosterView | undefined
  readonly change: RosterChange
}

/** Refusals that come before anything is touched. */
const NOTHING_WRITTEN: readonly SystemCode[] = [
  'STORE_FULL',
  'STORE_READ_ONLY',
  'STORE_CORRUPT',
  'STORE_FOREIGN',
  'STORE_NEWER',
  'STORE_DENIED',
  'STORE_UNSUPPORTED',
  'OVERLOADED',
  'CLOSED',
]

/** Whether a commit that failed so may have been applied, or may be applied later. */
export function isDoubtful(error: unknown): boolean {
  if (error instanceof NotMade) return false
  return !(error instanceof SystemError && NOTHING_WRITTEN.includes(error.code))
}

/**
 * `no` is certain only while the version that the change expected still stands: should the change arrive after
 * all, it and a repetition expect the same version, and one of them conflicts.
 */
export function whetherLanded(
  { before, change }: Landing,
  now: RosterView | undefined,
): 'yes' | 'no' | 'unknown' {
  if (change.header === 'drop') return now === undefined ? 'yes' : 'unknown'
  // Nothing is there: it has not arrived yet, or it has and is gone again. It may still arrive.
  if (now === undefined) return 'unknown'
  if (now.header.lastCommit === change.id) return 'yes'
  if (change.put.some((session) => now.sessions.get(session.number)?.lastCommit === change.id)) return 'yes'
  return before !== undefined && isUntouched(before, change, now) ? 'no' : 'unknown'
}

export function unknownOutcome(cause: unknown): SystemError {
  const message =
    'The store failed during a write; whether it was applied is not known. Read again before repeating it.'
  return new SystemError('STORE_UNAVAILABLE', message, { retryable: true, cause })
}

function isUntouched(before: RosterView, change: RosterChange, now: RosterView): boolean {
  if (now.header.incarnation !== before.header.incarnation) return false
  if (change.header !== undefined) return now.header.version === before.header.version
  return change.put.every(
    ({ number }) => now.sessions.get(number)?.version === before.sessions.get(number)?.version,
  )
}
