/**
 * Writes that change nothing. A revocation that finds nothing to end must still know that what it found is there to
 * stay: it may have been read from a copy that is about to be replaced, and what ended before may have ended there
 * alone. A write that reaches the class says that all writes before it have reached it.
 *
 * Where no roster is, the write is a header that names nobody. It is taken away again, so that asking for the end of
 * what was never there leaves nothing behind.
 */
import type { Environment } from '../environment.ts'
import { randomCommitId, randomIncarnation } from '../ids.ts'
import { dropIfEmpty, emptyRoster, type Moment, type RosterView } from '../rules/rule.ts'
import type { RosterChange } from '../store.ts'
import { difference } from './difference.ts'

/** The same roster under another header, or a bare one of this realm. */
export function confirmation(
  environment: Environment,
  { roster, realm, moment }: { roster: RosterView | undefined; realm: string; moment: Moment },
): RosterView {
  if (roster !== undefined) return { ...roster, header: { ...roster.header } }
  return emptyRoster({ realm, subject: undefined, incarnation: randomIncarnation(environment) }, moment)
}

/** What takes a bare header away again, if the change wrote one and nobody has used it since. */
export function takingAway(
  environment: Environment,
  { expect, header, put }: RosterChange,
): RosterChange | undefined {
  if (expect !== 'absent' || header === undefined || header === 'drop' || put.length > 0) return undefined
  const written: RosterView = { header, sessions: new Map(), damaged: [], newer: new Set() }
  const rest = header.subject === undefined ? dropIfEmpty(written) : written
  return difference(written, rest, {
    id: randomCommitId(environment),
    writeClass: 'fast',
    ended: [],
    keepHeaderUntil: 0,
  })
}
