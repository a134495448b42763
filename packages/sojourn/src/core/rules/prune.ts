/**
 * Tidying that rides along with every change of membership: records that no longer count leave the roster, so
 * that the device limit and the cap count live sessions only. Removal for expiry names the record's version
 * (`difference.ts`), so a touch that comes between wins.
 */
import type { EndReason, RosterHeader, StoredSession } from '../roster.ts'
import { type EndedSession, isCurrent, type Moment, type RosterView, withHeader } from './rule.ts'
import { isExpired } from '../policy/lifetimes.ts'

export function prune(
  roster: RosterView,
  moment: Moment,
): { roster: RosterView; ended: readonly EndedSession[] } {
  const ended: EndedSession[] = roster.damaged.map((number) => ({
    number,
    session: undefined,
    why: 'damaged',
  }))
  for (const session of roster.sessions.values()) {
    const why = reasonToGo(roster, session, moment)
    if (why !== undefined) ended.push({ number: session.number, session, why })
  }
  if (ended.length === 0) return { roster, ended }
  const sessions = new Map(roster.sessions)
  for (const { number } of ended) sessions.delete(number)
  return { roster: { ...roster, sessions, damaged: [] }, ended }
}

function reasonToGo(roster: RosterView, session: StoredSession, moment: Moment): EndReason | undefined {
  if (!isCurrent(roster.header, session, moment)) return 'revoked-all'
  return isExpired(session, moment.now, moment.lifetimes) ? 'expired' : undefined
}

/**
 * Brings a roster under the deployment's present epoch: if everything was revoked since its header was last
 * written, its own epoch advances, and so everything in it is over.
 */
export function underGlobalEpoch(roster: RosterView, moment: Moment): RosterView {
  const { header } = roster
  if (header.globalEpoch >= moment.globalEpoch) return roster
  return withHeader(roster, {
    epoch: epochUnder(header, moment.globalEpoch),
    globalEpoch: moment.globalEpoch,
  })
}

/** The epoch that the roster is at, whether its header has been brought up to date or not. */
export function epochUnder(header: RosterHeader, globalEpoch: number): number {
  return header.globalEpoch < globalEpoch ? header.epoch + 1 : header.epoch
}
