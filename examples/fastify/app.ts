/**
 * Sojourn with Fastify: signing in and out, data that crosses a sign-in, and the list of one's devices.
 *
 *     SESSION_SECRET=… node examples/fastify/app.ts
 */
import type { AddressInfo } from 'node:net'
import createApp, { type FastifyReply } from 'fastify'
import { createSessions, signedOutHeaders } from 'sojourn'
import { fastifySessions } from 'sojourn/fastify'
import { sqliteStore } from 'sojourn/stores/sqlite'
import { fieldsOf, parseForm } from '../common/forms.ts'
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

const attached = fastifySessions(sessions, {
  onProblem(problem, _request, response) {
    const { headers, body } = pages.problemPage(problem)
    response.writeHead(problem.status, headers).end(body)
  },
})

const app = createApp({ bodyLimit: 16 * 1024, https: tls ?? null })
app.register(attached)
app.addContentTypeParser(
  'application/x-www-form-urlencoded',
  { parseAs: 'string' },
  async (_request: unknown, body: string) => parseForm(body),
)

// Every form brings back the token that its page was given.
app.addHook('preHandler', async (request, reply) => {
  const isWelcome =
    request.method !== 'POST' || attached.of(request).isCsrfToken(fieldsOf(request.body)['_csrf'])
  if (!isWelcome) await show(reply.code(403), pages.sorryPage(pages.OUT_OF_DATE))
})

app.get('/', async (request, reply) => {
  const session = attached.of(request)
  return show(reply, pages.homePage(session, personWithId(session.subject)))
})

app.post('/theme', async (request, reply) => {
  const { theme } = fieldsOf(request.body)
  attached.of(request).set('theme', theme === 'dark' ? 'dark' : 'light')
  return reply.redirect('/', 303)
})

app.get('/sign-in', async (request, reply) => show(reply, pages.signInPage(attached.of(request))))

app.post('/sign-in', async (request, reply) => {
  const session = attached.of(request)
  const { name = '', password = '', remember } = fieldsOf(request.body)
  const person = findPerson(name)
  // What revokes this person's sessions from here on refuses this sign-in as well.
  const attempt = await sessions.attempt(person?.id ?? 'nobody')
  if (!(await isPassword(person, password)))
    return show(reply.code(401), pages.signInPage(session, pages.WRONG_PASSWORD))
  const result = await session.signIn(attempt, { remember: remember === 'yes', amr: ['pwd'] })
  if (result.kind === 'signed-in') return reply.redirect('/', 303)
  return show(reply.code(409), pages.signInPage(session, pages.TOO_LATE))
})

app.post('/sign-out', async (request, reply) => {
  await attached.of(request).signOut()
  return reply.headers(signedOutHeaders({ clear: ['storage'] })).redirect('/', 303)
})

app.get('/devices', async (request, reply) => {
  const session = attached.of(request)
  if (session.subject === undefined) return reply.redirect('/sign-in', 303)
  return show(reply, await pages.devicesPage(session))
})

app.post('/devices', async (request, reply) => {
  const session = attached.of(request)
  const { password } = fieldsOf(request.body)
  if (password !== undefined && (await isPassword(personWithId(session.subject), password)))
    await session.elevate({ amr: ['pwd'] })
  const change = await session.revokeOthers()
  if (change.kind !== 'reauthenticate') return reply.redirect('/devices', 303)
  return show(reply.code(403), await pages.devicesPage(session, { wantsPassword: true }))
})

app.addHook('onClose', async () => {
  await sessions.close()
  await store.close()
})
process.once('SIGTERM', () => void app.close())

await app.listen({ port })
console.log(`${scheme}://localhost:${(app.server.address() as AddressInfo).port}`)

function show(reply: FastifyReply, { headers, body }: pages.Page): FastifyReply {
  return reply.headers(headers).send(body)
}
