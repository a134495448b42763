/**
 * Sojourn with Express: signing in and out, data that crosses a sign-in, and the list of one's devices.
 *
 *     SESSION_SECRET=… node examples/express/app.ts
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import express, { type Response } from 'express'
import { createSessions, signedOutHeaders } from 'sojourn'
import { expressSessions } from 'sojourn/express'
import { sqliteStore } from 'sojourn/stores/sqlite'
import { fieldsOf } from '../common/forms.ts'
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

const attached = expressSessions(sessions, {
  onProblem(problem, _request, response) {
    const { headers, body } = pages.problemPage(problem)
    response.writeHead(problem.status, headers).end(body)
  },
})

const app = express()
app.disable('x-powered-by')
app.use(attached)
app.use(express.urlencoded({ extended: false, limit: '16kb' }))

// Every form brings back the token that its page was given.
app.use((request, response, next) => {
  const isWelcome =
    request.method !== 'POST' || attached.of(request).isCsrfToken(fieldsOf(request.body)['_csrf'])
  if (isWelcome) next()
  else show(response.status(403), pages.sorryPage(pages.OUT_OF_DATE))
})

app.get('/', (request, response) => {
  const session = attached.of(request)
  show(response, pages.homePage(session, personWithId(session.subject)))
})

app.post('/theme', (request, response) => {
  const { theme } = fieldsOf(request.body)
  attached.of(request).set('theme', theme === 'dark' ? 'dark' : 'light')
  response.redirect(303, '/')
})

app.get('/sign-in', (request, response) => {
  show(response, pages.signInPage(attached.of(request)))
})

app.post('/sign-in', async (request, response) => {
  const session = attached.of(request)
  const { name = '', password = '', remember } = fieldsOf(request.body)
  const person = findPerson(name)
  // What revokes this person's sessions from here on refuses this sign-in as well.
  const attempt = await sessions.attempt(person?.id ?? 'nobody')
  if (!(await isPassword(person, password))) {
    show(response.status(401), pages.signInPage(session, pages.WRONG_PASSWORD))
    return
  }
  const result = await session.signIn(attempt, { remember: remember === 'yes', amr: ['pwd'] })
  if (result.kind === 'signed-in') response.redirect(303, '/')
  else show(response.status(409), pages.signInPage(session, pages.TOO_LATE))
})

app.post('/sign-out', async (request, response) => {
  await attached.of(request).signOut()
  response.set(signedOutHeaders({ clear: ['storage'] })).redirect(303, '/')
})

app.get('/devices', async (request, response) => {
  const session = attached.of(request)
  if (session.subject === undefined) response.redirect(303, '/sign-in')
  else show(response, await pages.devicesPage(session))
})

app.post('/devices', async (request, response) => {
  const session = attached.of(request)
  const { password } = fieldsOf(request.body)
  if (password !== undefined && (await isPassword(personWithId(session.subject), password)))
    await session.elevate({ amr: ['pwd'] })
  const change = await session.revokeOthers()
  if (change.kind !== 'reauthenticate') response.redirect(303, '/devices')
  else show(response.status(403), await pages.devicesPage(session, { wantsPassword: true }))
})

const server = tls === undefined ? createServer(app) : createTlsServer(tls, app)

server.listen(port, () => {
  console.log(`${scheme}://localhost:${(server.address() as AddressInfo).port}`)
})

process.once('SIGTERM', () => void stop())

async function stop(): Promise<void> {
  await once(server.close(), 'close')
  await sessions.close()
  await store.close()
}

function show(response: Response, { headers, body }: pages.Page): void {
  response.set(headers).send(body)
}
