/** What the authority answers, as a view that rules can work on: nothing is changed, listed or begun on a copy. */
import type { Deadlines, LimitOptions } from '../calls/deadline.ts'
import { newerFormat, SystemError } from '../errors.ts'
import { NO_SESSION, type RosterKey, type SessionNumber } from '../ids.ts'
import type { Roster, StoredSession, Unreadable } from '../roster.ts'
import type { RosterView } from '../rules/rule.ts'
import { authorityOf, type ReadAnswer, type SessionStore } from '../store.ts'

/** The one record a rule looks at, `'header'` for none, `'roster'` for all of them. */
export type Scope = SessionNumber | 'header' | 'roster'

/** What was loaded under the scope `'roster'`. */
export interface LoadedRoster {
  readonly roster: RosterView | undefined
}

interface LoadingParts extends LimitOptions {
  readonly store: SessionStore
  readonly deadlines: Deadlines
}

/** `undefined`: no roster, or one whose header is damaged, which counts as none. @throws SystemError */
export async function loadRoster(
  { store, deadlines, urgent }: LoadingParts,
  key: RosterKey,
  scope: Scope,
): Promise<RosterView | undefined> {
  const authority = authorityOf(store)
  if (scope === 'roster') return viewOfRoster(await deadlines.limit(() => authority.list(key), { urgent }))
  const number = scope === 'header' ? NO_SESSION : scope
  return viewOfRead(number, await deadlines.limit(() => authority.read(key, number), { urgent }))
}

function viewOfRoster(roster: Roster | Unreadable | undefined): RosterView | undefined {
  if (roster === undefined || roster === 'damaged') return undefined
  if (roster === 'newer') throw newerFormat()
  const { header, records, unreadable } = roster
  const numbersThatAre = (why: Unreadable): SessionNumber[] =>
    unreadable.filter((record) => record.why === why).map(({ number }) => number)
  const sessions = new Map<SessionNumber, StoredSession>()
  for (const session of records) sessions.set(session.number, session)
  return present({
    header,
    sessions,
    damaged: numbersThatAre('damaged'),
    newer: new Set(numbersThatAre('newer')),
  })
}

function viewOfRead(number: SessionNumber, answer: ReadAnswer): RosterView | undefined {
  if (answer === undefined || answer === 'damaged') return undefined
  if (answer === 'newer' || answer.unreadable === 'newer') throw newerFormat()
  const { header, record } = answer
  return present({
    header,
    sessions: new Map(record === undefined ? [] : [[number, record]]),
    damaged: [],
    newer: new Set(),
  })
}

function present(view: RosterView): RosterView {
  if (view.header.state === 'live') return view
  throw new SystemError('STORE_UNAVAILABLE', 'This roster is being restored. Try again in a moment.', {
    retryable: true,
  })
}
