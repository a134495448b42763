/** Pages for people who are signed in; everybody else is asked to sign in first and comes back afterwards. */
import type { LocalPath } from '../web/return-path.ts'
import { type Handler, type MemberVisit, seeOther, type Visit } from '../web/visit.ts'

export function membersOnly(path: LocalPath, handler: (visit: MemberVisit) => void | Promise<void>): Handler {
  return (visit) => (isMember(visit) ? handler(visit) : signInFirst(visit, path))
}

/** Says so when there was a session and it is over. */
export function signInFirst(visit: Visit, path: LocalPath): void {
  const { verdict } = visit.session
  const ended = verdict.kind === 'none' && verdict.reason !== 'absent'
  seeOther(visit, `/sign-in?return=${encodeURIComponent(path)}${ended ? '&notice=ended' : ''}`)
}

function isMember(visit: Visit): visit is MemberVisit {
  return visit.account !== undefined
}
