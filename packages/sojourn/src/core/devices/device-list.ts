/** "My devices": the live sessions of a subject, for people to look at and end. Holds no secret. */
import { type Engine, rosterNow, rosterOf } from '../engine.ts'
import { type RosterKey, type SessionId, sessionId } from '../ids.ts'
import { absoluteDeadline, idleDeadline } from '../policy/lifetimes.ts'
import type { Aal, LifetimeName, StoredSession } from '../roster.ts'
import { assertOwner, isLive, type RosterView } from '../rules/rule.ts'

export interface DeviceEntry {
  /** The public handle: what `revoke` takes. */
  readonly id: SessionId
  /** "Firefox on Linux". Text from outside: escape it where it is shown. */
  readonly label: string
  readonly address: string
  readonly createdAt: number
  readonly authenticatedAt: number
  readonly seenAt: number
  /** When it ends if nobody uses it. */
  readonly expiresAt: number
  readonly lifetime: LifetimeName
  readonly aal: Aal
}

export async function listDevices(engine: Engine, subject: string): Promise<readonly DeviceEntry[]> {
  const key = await rosterOf(engine, subject)
  if (!engine.watch.isFresh()) await engine.watch.refresh()
  const roster = await rosterNow(engine, key, 'roster')
  if (roster === undefined) return []
  assertOwner({ realm: engine.settings.realm, subject }, roster.header)
  return entriesOf(engine, key, roster)
}

function entriesOf(engine: Engine, key: RosterKey, { header, sessions }: RosterView): readonly DeviceEntry[] {
  const moment = engine.moment()
  const live = [...sessions.values()].filter((session) => isLive(header, session, moment))
  return live
    .toSorted((left, right) => right.seenAt - left.seenAt)
    .map((session) => entryOf(engine, key, session))
}

function entryOf({ settings }: Engine, key: RosterKey, session: StoredSession): DeviceEntry {
  const { createdAt, authenticatedAt, seenAt, lifetime, aal, device, number } = session
  const expiresAt = Math.min(
    idleDeadline(session, settings.lifetimes),
    absoluteDeadline(session, settings.lifetimes),
  )
  return {
    id: sessionId(key, number),
    label: device.label,
    address: device.address,
    createdAt,
    authenticatedAt,
    seenAt,
    expiresAt,
    lifetime,
    aal,
  }
}
