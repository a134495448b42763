/**
 * Sojourn behind nginx or HAProxy: one of several processes that keep their sessions in Redis. Any of them may be
 * restarted, or fall over, while people use it. It speaks plain HTTP: TLS ends at the proxy in `deploy/`.
 *
 *     SESSION_SECRET=… REDIS_URL=redis://localhost:6379 PORT=3001 node examples/load-balancers/app.ts
 */
import type { ServerResponse } from 'node:http'
import { createSessions, type HandleOf, signedOutHeaders } from 'sojourn'
import { withSessions } from 'sojourn/node'
import { redisStore } from 'sojourn/stores/redis'
import { nodeRedis } from 'sojourn/stores/redis/node-redis'
import { tieredStore } from 'sojourn/stores/tiered'
import { drainingServer } from '../common/draining.ts'
import { type Fields, readForm } from '../common/forms.ts'
import * as pages from '../common/pages.ts'
import { findPerson, isPassword, personWithId } from '../common/people.ts'
import { readSettings } from '../common/settings.ts'

const { REDIS_URL = 'redis://localhost:6379' } = process.env
const { secret, port } = readSettings()

const redis = nodeRedis({ url: REDIS_URL })
const store = tieredStore({ hot: redisStore({ redis, prefix: 'sojourn-example' }) })
const sessions = createSessions<pages.AppData>({
  deployment: 'sojourn-example',
  secrets: secret,
  store,
  anonymous: { carry: ['theme'] },
  // Where the proxy connects from. Only what it says of a client is believed.
  proxies: { trusted: ['127.0.0.1'] },
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
])

const server = await drainingServer(
  withSessions(
    sessions,
    async (request, response, session) => {
      const route = routes.get(`${request.method} ${request.url}`)
      if (route === undefined) return show(response, pages.sorryPage('There is nothing here.'), 404)
      const form = request.method === 'POST' ? await readForm(request) : {}
      if (request.method === 'POST' && !session.isCsrfToken(form['_csrf']))
        return show(response, pages.sorryPage(pages.OUT_OF_DATE), 403)
      return await route({ response, session, form })
    },
    {
      onProblem: (problem, _request, response) => show(response, pages.problemPage(problem), problem.status),
      onError: (error) => console.error(error),
    },
  ),
  port,
)
console.log(`http://localhost:${server.port}`)

process.once('SIGTERM', () => void leave())

async function leave(): Promise<void> {
  await server.drain()
  await sessions.close()
  await store.close()
  await redis.close()
}

function chooseTheme({ response, session, form }: Visit): void {
  session.set('theme', form['theme'] === 'dark' ? 'dark' : 'light')
  goTo(response, '/')
}

async function signIn({ response, session, form }: Visit): Promise<void> {
  const { name = '', password = '' } = form
  const person = findPerson(name)
  // What revokes this person's sessions from here on, in any process, refuses this sign-in as well.
  const attempt = await sessions.attempt(person?.id ?? 'nobody')
  if (!(await isPassword(person, password)))
    return show(response, pages.signInPage(session, pages.WRONG_PASSWORD), 401)
  const result = await session.signIn(attempt, { amr: ['pwd'] })
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

function show(response: ServerResponse, { headers, body }: pages.Page, status = 200): void {
  response.writeHead(status, headers).end(body)
}

function goTo(response: ServerResponse, path: string, headers: Readonly<Record<string, string>> = {}): void {
  response.writeHead(303, { ...headers, location: path }).end()
}
