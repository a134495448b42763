/** Pages for people who are signed in; everybody else is asked to sign in first and comes back afterwards. */
import { type Answer, type LocalPath, seeOther } from '../web/answer.ts'
import type { Handler, MemberVisit, Visit } from '../web/visit.ts'

export function membersOnly(
  path: LocalPath,
  handler: (visit: MemberVisit) => Answer | Promise<Answer>,
): Handler {
  return (visit) => (isMember(visit) ? handler(visit) : signInFirst(visit, path))
}

/** Says so when there was a session and it is over. */
export function signInFirst({ session }: Visit, path: LocalPath): Answer {
  const { verdict } = session
  const ended = verdict.kind === 'none' && verdict.reason !== 'absent'
  return seeOther(`/sign-in?return=${encodeURIComponent(path)}${ended ? '&notice=ended' : ''}`)
}

function isMember(visit: Visit): visit is MemberVisit {
  return visit.account !== undefined
}
