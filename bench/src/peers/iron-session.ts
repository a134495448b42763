/** iron-session on `node:http`: the whole session is in the cookie, sealed, and no store is asked. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { getIronSession, type IronSession, type SessionOptions } from 'iron-session'
import { ADDRESS, DATA, USER_AGENT } from '../content.ts'
import { bodyFor, type Target, type TargetOptions } from '../target.ts'
import { signedInRequests } from './signed-in.ts'

interface Contents {
  user?: string
}

const SIGN_IN = '/sign-in/'
const OPTIONS: SessionOptions = {
  cookieName: 'session',
  password: 'Nd3mTq8yWv1sKx6bRj0pLc5uHf9zGa2eXo7i',
  cookieOptions: { secure: false },
}

export async function start(options: TargetOptions): Promise<Target> {
  return { requests: await signedInRequests(listener, options), storeCalls: () => 0, listener }
}

async function listener(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const session = await getIronSession<Contents>(request, response, OPTIONS)
  if (request.url?.startsWith(SIGN_IN)) await signIn(session, request.url.slice(SIGN_IN.length))
  response.setHeader('content-type', 'application/json')
  response.end(bodyFor(session.user ?? ''))
}

async function signIn(session: IronSession<Contents>, user: string): Promise<void> {
  Object.assign(session, DATA, { user, device: { address: ADDRESS, userAgent: USER_AGENT } })
  await session.save()
}
