/** A signed-in client for tests of an application, without its login form. */
import type { HandleSignIn } from '../http/handle.ts'
import type { Sessions } from '../http/sessions.ts'

export interface LoggedIn {
  /** What a request needs to carry: a `cookie` or an `authorization` header. */
  readonly headers: Readonly<Record<string, string>>
  readonly token: string
  /** The public handle of the session. */
  readonly sessionId: string
}

/**
 * Signs `subject` in through the same door as the application does, and answers the headers that a client would
 * send from then on. @throws Error when the sign-in is refused
 */
export async function loginAs<Data, Attributes extends object>(
  sessions: Sessions<Data, Attributes>,
  subject: string,
  options: HandleSignIn<Data, Attributes> = {},
): Promise<LoggedIn> {
  const handle = await sessions.get(new Request('https://login-as.invalid/'))
  const result = await handle.signIn(subject, options)
  if (result.kind !== 'signed-in')
    throw new Error(`loginAs: the sign-in of "${subject}" was refused (${result.reason}).`)
  const answer = new Headers()
  await handle.commit(answer)
  const [cookie] = answer.getSetCookie().map((line) => line.slice(0, line.indexOf(';')))
  const headers = cookie === undefined ? { authorization: `Bearer ${result.token}` } : { cookie }
  return { headers, token: result.token, sessionId: result.session.id }
}
