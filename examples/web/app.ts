/**
 * Sojourn on web standards: a function from a `Request` to a `Response`, for any server that has such. `serve.ts`
 * runs it on Node.js.
 */
import { createSessions, type HandleOf, type RequestFacts, signedOutHeaders } from 'sojourn'
import { sqliteStore } from 'sojourn/stores/sqlite'
import { type Fields, parseForm } from '../common/forms.ts'
import * as pages from '../common/pages.ts'
import { findPerson, isPassword, personWithId } from '../common/people.ts'
import { readSettings } from '../common/settings.ts'

const { secret, file } = readSettings()
const store = sqliteStore({ path: file })
const sessions = createSessions<pages.AppData>({
  deployment: 'sojourn-example',
  secrets: secret,
  store,
  anonymous: { carry: ['theme'] },
})
await sessions.ready()

interface Visit {
  readonly session: HandleOf<typeof sessions>
  /** What was posted. */
  readonly form: Fields
}

const routes = new Map<string, (visit: Visit) => Response | Promise<Response>>([
  ['GET /', ({ session }) => answer(pages.homePage(session, personWithId(session.subject)))],
  ['POST /theme', chooseTheme],
  ['GET /sign-in', ({ session }) => answer(pages.signInPage(session))],
  ['POST /sign-in', signIn],
  ['POST /sign-out', signOut],
  ['GET /devices', showDevices],
  ['POST /devices', signOutOthers],
])

/** `facts`: what the server knows of the client and a `Request` does not say. */
export async function handle(request: Request, facts: RequestFacts): Promise<Response> {
  return await sessions.respond(
    request,
    async (session) => {
      const route = routes.get(`${request.method} ${new URL(request.url).pathname}`)
      if (route === undefined) return answer(pages.sorryPage('There is nothing here.'), 404)
      const form = request.method === 'POST' ? parseForm(await request.text()) : {}
      // Every form brings back the token that its page was given.
      if (request.method === 'POST' && !session.isCsrfToken(form['_csrf']))
        return answer(pages.sorryPage(pages.OUT_OF_DATE), 403)
      return await route({ session, form })
    },
    { ...facts, onProblem: (problem) => answer(pages.problemPage(problem), problem.status) },
  )
}

/** To be called when no more requests come. */
export async function close(): Promise<void> {
  await sessions.close()
  await store.close()
}

function chooseTheme({ session, form }: Visit): Response {
  session.set('theme', form['theme'] === 'dark' ? 'dark' : 'light')
  return goTo('/')
}

async function signIn({ session, form }: Visit): Promise<Response> {
  const { name = '', password = '', remember } = form
  const person = findPerson(name)
  // What revokes this person's sessions from here on refuses this sign-in as well.
  const attempt = await sessions.attempt(person?.id ?? 'nobody')
  if (!(await isPassword(person, password)))
    return answer(pages.signInPage(session, pages.WRONG_PASSWORD), 401)
  const result = await session.signIn(attempt, { remember: remember === 'yes', amr: ['pwd'] })
  if (result.kind === 'signed-in') return goTo('/')
  return answer(pages.signInPage(session, pages.TOO_LATE), 409)
}

async function signOut({ session }: Visit): Promise<Response> {
  await session.signOut()
  return goTo('/', signedOutHeaders({ clear: ['storage'] }))
}

async function showDevices({ session }: Visit): Promise<Response> {
  return session.subject === undefined ? goTo('/sign-in') : answer(await pages.devicesPage(session))
}

async function signOutOthers({ session, form }: Visit): Promise<Response> {
  const { password } = form
  if (password !== undefined && (await isPassword(personWithId(session.subject), password)))
    await session.elevate({ amr: ['pwd'] })
  const change = await session.revokeOthers()
  if (change.kind !== 'reauthenticate') return goTo('/devices')
  return answer(await pages.devicesPage(session, { wantsPassword: true }), 403)
}

function answer({ headers, body }: pages.Page, status = 200): Response {
  return new Response(body, { status, headers })
}

function goTo(path: string, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(null, { status: 303, headers: { ...headers, location: path } })
}
