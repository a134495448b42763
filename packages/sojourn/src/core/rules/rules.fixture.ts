/** Rosters and a moment for the tests of the rules. */
import { makeHeader } from '../../testing/builders.ts'
import { FAKE_START } from '../../testing/fake-environment.ts'
import { PROFILES } from '../policy/lifetimes.ts'
import type { RosterHeader, StoredSession } from '../roster.ts'
import type { Moment, RosterView } from './rule.ts'

export const HOUR = 3_600_000

/** Ten minutes into the sessions that the builders make. */
export const AT: Moment = {
  now: FAKE_START + 600_000,
  lifetimes: { session: PROFILES.aal2, remember: PROFILES.aal1, anonymous: PROFILES.aal1 },
  globalEpoch: 0,
}

export function rosterOf(sessions: readonly StoredSession[], header: Partial<RosterHeader> = {}): RosterView {
  return {
    header: makeHeader(header),
    sessions: new Map(sessions.map((session) => [session.number, session])),
    damaged: [],
    newer: new Set(),
  }
}
