/** Tokens that look right and were not signed by us, no two alike. */
import { randomBytes } from 'node:crypto'
import { withSessions } from 'sojourn/node'
import { bodyFor, getRequest, type Target, type TargetOptions } from '../target.ts'
import { COOKIE, openSessions, signInUsers, userNames } from './populated.ts'

const FORGERIES = 10_000
/** Where a token's secret and its MAC are. */
const SECRET_AT = 32
const MAC_AT = 76

export async function start(options: TargetOptions): Promise<Target> {
  const populated = await openSessions(options)
  const [genuine = ''] = await signInUsers(populated, userNames(1))
  return {
    requests: Array.from({ length: FORGERIES }, () => getRequest('/', `${COOKIE}=${forgeryOf(genuine)}`)),
    storeCalls: populated.storeCalls,
    listener: withSessions(populated.sessions, (_request, response, session) => {
      response.setHeader('content-type', 'application/json')
      response.end(bodyFor(session.subject ?? ''))
    }),
  }
}

/** Another secret under the same key id, with the MAC of the old one. */
function forgeryOf(token: string): string {
  return token.slice(0, SECRET_AT) + randomBytes(33).toString('base64url') + token.slice(MAC_AT)
}
