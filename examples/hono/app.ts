/**
 * Sojourn with Hono on Node.js: signing in and out, data that crosses a sign-in, and the list of one's devices.
 *
 *     SESSION_SECRET=… node examples/hono/app.ts
 */
import { once } from 'node:events'
import { createServer as createTlsServer } from 'node:https'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { createSessions, signedOutHeaders } from 'sojourn'
import { honoSessions } from 'sojourn/hono'
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

const app = new Hono()
  .use(
    honoSessions(sessions, {
      onProblem: (problem) => answer(pages.problemPage(problem), problem.status),
    }),
  )
  .use(bodyLimit({ maxSize: 16 * 1024 }))

// Every form brings back the token that its page was given.
app.use(async (context, next) => {
  const { req, var: visit } = context
  if (req.method === 'POST' && !visit.session.isCsrfToken(fieldsOf(await req.parseBody())['_csrf']))
    return answer(pages.sorryPage(pages.OUT_OF_DATE), 403)
  return await next()
})

app.get('/', ({ var: { session } }) => answer(pages.homePage(session, personWithId(session.subject))))

app.post('/theme', async (context) => {
  const { theme } = fieldsOf(await context.req.parseBody())
  context.var.session.set('theme', theme === 'dark' ? 'dark' : 'light')
  return context.redirect('/', 303)
})

app.get('/sign-in', ({ var: { session } }) => answer(pages.signInPage(session)))

app.post('/sign-in', async (context) => {
  const { session } = context.var
  const { name = '', password = '', remember } = fieldsOf(await context.req.parseBody())
  const person = findPerson(name)
  // What revokes this person's sessions from here on refuses this sign-in as well.
  const attempt = await sessions.attempt(person?.id ?? 'nobody')
  if (!(await isPassword(person, password)))
    return answer(pages.signInPage(session, pages.WRONG_PASSWORD), 401)
  const result = await session.signIn(attempt, { remember: remember === 'yes', amr: ['pwd'] })
  if (result.kind === 'signed-in') return context.redirect('/', 303)
  return answer(pages.signInPage(session, pages.TOO_LATE), 409)
})

app.post('/sign-out', async (context) => {
  await context.var.session.signOut()
  for (const [name, value] of Object.entries(signedOutHeaders({ clear: ['storage'] })))
    context.header(name, value)
  return context.redirect('/', 303)
})

app.get('/devices', async (context) => {
  const { session } = context.var
  if (session.subject === undefined) return context.redirect('/sign-in', 303)
  return answer(await pages.devicesPage(session))
})

app.post('/devices', async (context) => {
  const { session } = context.var
  const { password } = fieldsOf(await context.req.parseBody())
  if (password !== undefined && (await isPassword(personWithId(session.subject), password)))
    await session.elevate({ amr: ['pwd'] })
  const change = await session.revokeOthers()
  if (change.kind !== 'reauthenticate') return context.redirect('/devices', 303)
  return answer(await pages.devicesPage(session, { wantsPassword: true }), 403)
})

const encryption = tls === undefined ? {} : { createServer: createTlsServer, serverOptions: tls }
const server = serve({ fetch: app.fetch, port, ...encryption }, ({ port: found }) => {
  console.log(`${scheme}://localhost:${found}`)
})

process.once('SIGTERM', () => void stop())

async function stop(): Promise<void> {
  await once(server.close(), 'close')
  await sessions.close()
  await store.close()
}

function answer({ headers, body }: pages.Page, status = 200): Response {
  return new Response(body, { status, headers })
}
