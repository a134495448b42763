/** A sign-in of a user who has as many sessions as the limit allows: the oldest one goes. */
import { withSessions } from 'sojourn/node'
import { bodyFor, getRequest, type Target, type TargetOptions } from '../target.ts'
import { openSessions, signInUsers, userNames } from './populated.ts'

const USERS = 1_000
/** The default device limit. */
const DEVICES = 10

export async function start(options: TargetOptions): Promise<Target> {
  const populated = await openSessions(options)
  const users = userNames(USERS)
  for (let device = 0; device < DEVICES; device++) await signInUsers(populated, users)
  return {
    requests: users.map((user) => getRequest(`/${user}`)),
    storeCalls: populated.storeCalls,
    listener: withSessions(populated.sessions, async (request, response, session) => {
      const user = (request.url ?? '/').slice(1)
      await session.signIn(user)
      response.setHeader('content-type', 'application/json')
      response.end(bodyFor(user))
    }),
  }
}
