/**
 * Sojourn with Redis: one of several processes that keep their sessions together. A near cache answers most checks,
 * and figures for Prometheus are on a port of their own.
 *
 *     SESSION_SECRET=… REDIS_URL=redis://localhost:6379 PORT=3001 METRICS_PORT=9465 node examples/redis/app.ts
 */
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createSessions, type HandleOf, signedOutHeaders } from 'sojourn'
import { withSessions } from 'sojourn/node'
import { prometheusHandler } from 'sojourn/observe'
import { redisStore } from 'sojourn/stores/redis'
import { nodeRedis } from 'sojourn/stores/redis/node-redis'
import { tieredStore } from 'sojourn/stores/tiered'
import { type Fields, readForm } from '../common/forms.ts'
import * as pages from '../common/pages.ts'
import { findPerson, isPassword, personWithId } from '../common/people.ts'
import { readSettings } from '../common/settings.ts'

const { REDIS_URL = 'redis://localhost:6379', METRICS_PORT = '9464' } = process.env
const { secret, port } = readSettings()

const redis = nodeRedis({ url: REDIS_URL })
const store = tieredStore({ hot: redisStore({ redis, prefix: 'sojourn-example' }) })
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
])

const listener = withSessions(
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
    // Where five seconds would be too late, the store is asked.
    mode: (request) => (request.url === '/devices' ? 'strict' : 'bounded'),
    onProblem: (problem, _request, response) => show(response, pages.problemPage(problem), problem.status),
    onError: (error) => console.error(error),
  },
)

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

const server = createServer(listener)
const scrape = prometheusHandler(sessions)
const figures = createServer((_request, response) => void showFigures(response))

// Figures are for the inner network.
await once(figures.listen(Number(METRICS_PORT), '127.0.0.1'), 'listening')
await once(server.listen(port), 'listening')
console.log(`http://localhost:${portOf(server)}, figures on http://127.0.0.1:${portOf(figures)}/metrics`)

process.once('SIGTERM', () => void stop())

async function stop(): Promise<void> {
  await Promise.all([server, figures].map((each) => once(each.close(), 'close')))
  await sessions.close()
  await store.close()
  await redis.close()
}

async function showFigures(response: ServerResponse): Promise<void> {
  const answer = scrape()
  response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text())
}

function portOf(each: typeof server): number {
  return (each.address() as AddressInfo).port
}

function show(response: ServerResponse, { headers, body }: pages.Page, status = 200): void {
  response.writeHead(status, headers).end(body)
}

function goTo(response: ServerResponse, path: string, headers: Readonly<Record<string, string>> = {}): void {
  response.writeHead(303, { ...headers, location: path }).end()
}
