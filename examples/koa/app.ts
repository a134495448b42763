/**
 * Sojourn with Koa: signing in and out, data that crosses a sign-in, and the list of one's devices.
 *
 *     SESSION_SECRET=… node examples/koa/app.ts
 */
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import Koa, { type Context } from 'koa'
import { createSessions, type HandleOf, signedOutHeaders } from 'sojourn'
import { koaSessions } from 'sojourn/koa'
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

const attached = koaSessions(sessions, {
  onProblem(problem, _request, response) {
    const { headers, body } = pages.problemPage(problem)
    response.writeHead(problem.status, headers).end(body)
  },
})

interface Visit {
  readonly context: Context
  readonly session: HandleOf<typeof sessions>
  /** What was posted. */
  readonly form: Fields
}

const routes = new Map<string, (visit: Visit) => void | Promise<void>>([
  ['GET /', ({ context, session }) => show(context, pages.homePage(session, personWithId(session.subject)))],
  ['POST /theme', chooseTheme],
  ['GET /sign-in', ({ context, session }) => show(context, pages.signInPage(session))],
  ['POST /sign-in', signIn],
  ['POST /sign-out', signOut],
  ['GET /devices', showDevices],
  ['POST /devices', signOutOthers],
])

const app = new Koa()
app.use(attached)

app.use(async (context) => {
  const route = routes.get(`${context.method} ${context.path}`)
  if (route === undefined) return
  const session = attached.of(context)
  const form = context.method === 'POST' ? await readForm(context.req) : {}
  // Every form brings back the token that its page was given.
  if (context.method === 'POST' && !session.isCsrfToken(form['_csrf']))
    show(context, pages.sorryPage(pages.OUT_OF_DATE), 403)
  else await route({ context, session, form })
})

function chooseTheme({ context, session, form }: Visit): void {
  session.set('theme', form['theme'] === 'dark' ? 'dark' : 'light')
  goTo(context, '/')
}

async function signIn({ context, session, form }: Visit): Promise<void> {
  const { name = '', password = '', remember } = form
  const person = findPerson(name)
  // What revokes this person's sessions from here on refuses this sign-in as well.
  const attempt = await sessions.attempt(person?.id ?? 'nobody')
  if (!(await isPassword(person, password)))
    return show(context, pages.signInPage(session, pages.WRONG_PASSWORD), 401)
  const result = await session.signIn(attempt, { remember: remember === 'yes', amr: ['pwd'] })
  if (result.kind === 'signed-in') goTo(context, '/')
  else show(context, pages.signInPage(session, pages.TOO_LATE), 409)
}

async function signOut({ context, session }: Visit): Promise<void> {
  await session.signOut()
  context.set(signedOutHeaders({ clear: ['storage'] }))
  goTo(context, '/')
}

async function showDevices({ context, session }: Visit): Promise<void> {
  if (session.subject === undefined) goTo(context, '/sign-in')
  else show(context, await pages.devicesPage(session))
}

async function signOutOthers({ context, session, form }: Visit): Promise<void> {
  const { password } = form
  if (password !== undefined && (await isPassword(personWithId(session.subject), password)))
    await session.elevate({ amr: ['pwd'] })
  const change = await session.revokeOthers()
  if (change.kind !== 'reauthenticate') goTo(context, '/devices')
  else show(context, await pages.devicesPage(session, { wantsPassword: true }), 403)
}

const answer = app.callback()
const listener: RequestListener = (request, response) => void answer(request, response)
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

function show(context: Context, { headers, body }: pages.Page, status = 200): void {
  context.status = status
  context.set(headers)
  context.body = body
}

function goTo(context: Context, path: string): void {
  context.status = 303
  context.redirect(path)
}
