/** A request that reads its session, as most requests of an application do. */
import { SESSIONS, USED, userNames } from '../content.ts'
import { frameworkNamed } from '../frameworks.ts'
import { getRequest, type Target, type TargetOptions } from '../target.ts'
import { COOKIE, openSessions, signInUsers } from './populated.ts'

export async function start(options: TargetOptions): Promise<Target> {
  const populated = await openSessions(options)
  const tokens = await signInUsers(populated, userNames(options.counting ? SESSIONS / USED : SESSIONS))
  const framework = await frameworkNamed(options.framework)
  return {
    requests: tokens
      .filter((_, index) => index % USED === 0)
      .map((token) => getRequest('/', `${COOKIE}=${token}`)),
    storeCalls: populated.storeCalls,
    listener: await framework.withSessions(populated.sessions),
  }
}
