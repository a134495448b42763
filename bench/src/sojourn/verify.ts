/** A request that reads its session, as most requests of an application do. */
import { withSessions } from 'sojourn/node'
import { bodyFor, getRequest, type Target, type TargetOptions } from '../target.ts'
import { COOKIE, openSessions, signInUsers, userNames } from './populated.ts'

const SESSIONS = 10_000
/** Every tenth of them is used. */
const USED = 10

export async function start(options: TargetOptions): Promise<Target> {
  const populated = await openSessions(options)
  const tokens = await signInUsers(populated, userNames(SESSIONS))
  return {
    requests: tokens
      .filter((_, index) => index % USED === 0)
      .map((token) => getRequest('/', `${COOKIE}=${token}`)),
    storeCalls: populated.storeCalls,
    listener: withSessions(populated.sessions, (_request, response, session) => {
      response.setHeader('content-type', 'application/json')
      response.end(bodyFor(session.subject ?? ''))
    }),
  }
}
