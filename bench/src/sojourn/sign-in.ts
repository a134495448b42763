/**
 * A sign-in of a user who has as many sessions as the limit allows: the oldest one goes. None of them has data, so that
 * every round finds what the one before found.
 */
import { withSessions } from 'sojourn/node'
import { bodyFor, getRequest, type Target, type TargetOptions } from '../target.ts'
import { COOKIE, openSessions, type Populated, userNames } from './populated.ts'

export const USERS = 1_000
/** The default device limit. */
const DEVICES = 10
const DEVICE = {
  address: '127.0.0.1',
  userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
}

export async function start(options: TargetOptions): Promise<Target> {
  const populated = await openSessions(options)
  const users = userNames(USERS)
  await fillUp(populated, users)
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

/** Signs users in until they are at the limit, and once more. */
export async function fillUp({ sessions }: Populated, users: readonly string[]): Promise<void> {
  for (let device = 0; device <= DEVICES; device++) {
    for (const user of users) {
      const result = await sessions.signIn(user, { transport: COOKIE, device: DEVICE })
      if (result.kind !== 'signed-in') throw new Error(result.reason)
    }
  }
}
