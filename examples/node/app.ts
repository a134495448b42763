/**
 * Sojourn with `node:http` or `node:https`: signing in and out, data that crosses a sign-in, and the list of one's
 * devices.
 *
 *     SESSION_SECRET=… node examples/node/app.ts
 */
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createSessions, type HandleOf, signedOutHeaders } from 'sojourn'
import { withSessions } from 'sojourn/node'
import { sqliteStore } from 'sojourn/stores/sqlite'
import { type Fields, readForm } from '../common/forms.ts'
import * as pages from '../common/pages.ts'
import { findPerson, isPassword, personWithId } from '../common/people.ts'
import { readSettings } from '../common/settings.ts'

const { secret, port, file, tls, scheme } = readSettings()
const store = sqliteStore({ path: file })
const sessions = createSessions<pages.AppData>({
  deployment: 'sojourn-example',
  secrets: secret,
  store,
  anonymous: { carry: ['theme'] },
})
await sessions.ready()

interface Visit {
  readonly response: ServerResponse
  readonly session: HandleOf<typeof sessions>
  /** What was posted. */
  readonly form: Fields
}

const routes = new Map<string, (visit: Visit) => void | Promise<void>>([
  [
    'GET /',
    ({ response, session }) => show(response, pages.homePage(session, personWithId(session.subject))),
  ],
  ['POST /theme', chooseTheme],
  ['GET /sign-in', ({ response, session }) => show(response, pages.signInPage(session))],
  ['POST /sign-in', signIn],
  ['POST /sign-out', signOut],
  ['GET /devices', showDevices],
  ['POST /devices', signOutOthers],
])

const listener = withSessions(
  sessions,
  async (request, response, session) => {
    const route = routes.get(`${request.method} ${request.url}`)
    if (route === undefined) return show(response, pages.sorryPage('There is nothing here.'), 404)
    const form = request.method === 'POST' ? await readForm(request) : {}
    // Every form brings back the token that its page was given.
    if (request.method === 'POST' && !session.isCsrfToken(form['_csrf']))
      return show(response, pages.sorryPage(pages.OUT_OF_DATE), 403)
    return await route({ response, session, form })
  },
  {
    onProblem: (problem, _request, response) => show(response, pages.problemPage(problem), problem.status),
    onError: (error) => console.error(error),
  },
)

function chooseTheme({ response, session, form }: Visit): void {
  session.set('theme', form['theme'] === 'dark' ? 'dark' : 'light')
  goTo(response, '/')
}

async function signIn({ response, session, form }: Visit): Promise<void> {
  const { name = '', password = '', remember } = form
  const person = findPerson(name)
  // What revokes this person's sessions from here on refuses this sign-in as well.
  const attempt = await sessions.attempt(person?.id ?? 'nobody')
  if (!(await isPassword(person, password)))
    return show(response, pages.signInPage(session, pages.WRONG_PASSWORD), 401)
  const result = await session.signIn(attempt, { remember: remember === 'yes', amr: ['pwd'] })
  if (result.kind === 'signed-in') goTo(response, '/')
  else show(response, pages.signInPage(session, pages.TOO_LATE), 409)
}

async function signOut({ response, session }: Visit): Promise<void> {
  await session.signOut()
  goTo(response, '/', signedOutHeaders({ clear: ['storage'] }))
}

async function showDevices({ response, session }: Visit): Promise<void> {
  if (session.subject === undefined) goTo(response, '/sign-in')
  else show(response, await pages.devicesPage(session))
}

async function signOutOthers({ response, session, form }: Visit): Promise<void> {
  const { password } = form
  if (password !== undefined && (await isPassword(personWithId(session.subject), password)))
    await session.elevate({ amr: ['pwd'] })
  const change = await session.revokeOthers()
  if (change.kind !== 'reauthenticate') goTo(response, '/devices')
  else show(response, await pages.devicesPage(session, { wantsPassword: true }), 403)
}

const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener)

server.listen(port, () => {
  console.log(`${scheme}://localhost:${(server.address() as AddressInfo).port}`)
})

process.once('SIGTERM', () => void stop())

async function stop(): Promise<void> {
  await once(server.close(), 'close')
  await sessions.close()
  await store.close()
}

function show(response: ServerResponse, { headers, body }: pages.Page, status = 200): void {
  response.writeHead(status, headers).end(body)
}

function goTo(response: ServerResponse, path: string, headers: Readonly<Record<string, string>> = {}): void {
  response.writeHead(303, { ...headers, location: path }).end()
}
