/**
 * The main module of an application process: sign-in, sign-out and devices over `node:http`, once for each of the options
 * that its argument lists, and beside them under `/-/` what only a test asks. `SIGTERM` ends it as a deployment does.
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { inspect } from 'node:util'
import { createSessions, type EventName, type SessionHandle, type Sessions, SystemError } from 'sojourn'
import { withSessions } from 'sojourn/node'
import { prometheusText } from 'sojourn/observe'
import { redisStore } from 'sojourn/stores/redis'
import { ioRedis } from 'sojourn/stores/redis/ioredis'
import { nodeRedis } from 'sojourn/stores/redis/node-redis'
import { tieredStore } from 'sojourn/stores/tiered'
import { type AppData, type AppOptions, SECRET } from './options.ts'

interface Running {
  readonly port: number
  close(): Promise<void>
}

type AppSessions = Sessions<AppData>

/** Answers a status, or what is shown as JSON. */
type Route = (session: SessionHandle<AppData>, query: URLSearchParams, sessions: AppSessions) => unknown

const EVENTS: readonly EventName[] = [
  'session.created',
  'session.ended',
  'session.used-after-end',
  'subject.revoked',
  'token.rejected',
  'store.unavailable',
  'store.breaker-opened',
  'store.breaker-closed',
  'revoke.uncertain',
  'revoke.completed',
]

/** So that a machine with much to do decides nothing. Tests of deadlines have the defaults. */
const PATIENT = { deadline: '5s', commitDeadline: '20s' } as const

const TRY_AGAIN_MS = 100

const ROUTES: Readonly<Record<string, Route>> = {
  'GET /me': (session) =>
    session.subject === undefined ? 401 : { subject: session.subject, id: session.id },
  'POST /sign-in': async (session, query) =>
    (await session.signIn(query.get('subject') ?? '')).kind === 'signed-in' ? 200 : 409,
  async 'POST /sign-out'(session) {
    await session.signOut()
    return 204
  },
  'POST /set'(session, query) {
    session.set('note', query.get('note') ?? '')
    return 200
  },
  'POST /elevate': async (session) => ({ kind: (await session.elevate({ aal: 2 })).kind }),
  'POST /regenerate': async (session) => ({
    kind: (await session.regenerate({ because: 'privilege' })).kind,
  }),
  'POST /revoke': async (_session, query, sessions) => ({
    found: await sessions.revoke(query.get('id') ?? ''),
  }),
  'POST /revoke-all': async (_session, query, sessions) => ({
    ended: await sessions.revokeAll(query.get('subject') ?? ''),
  }),
  async 'POST /revoke-everything'(_session, _query, sessions) {
    await sessions.revokeEverything()
    return 200
  },
  'POST /revoke-others': (session) => session.revokeOthers(),
  'GET /devices': (_session, query, sessions) => sessions.list(query.get('subject') ?? ''),
}

const { apps } = JSON.parse(process.argv[2] ?? '{}') as { readonly apps: readonly AppOptions[] }
const running = await Promise.all(apps.map(start))
process.send?.({ ports: running.map(({ port }) => port) })
process.once('disconnect', () => process.exit(0))
process.once('SIGTERM', () => void leave())

async function leave(): Promise<void> {
  await Promise.all(running.map((app) => app.close()))
  process.disconnect()
}

async function start({
  driver,
  redis,
  store: storeOptions,
  near,
  sessions: given,
}: AppOptions): Promise<Running> {
  const port = driver === 'ioredis' ? ioRedis(redis) : nodeRedis(redis)
  const hot = redisStore({ redis: port, ...storeOptions })
  const store = near === undefined ? hot : tieredStore({ near, hot })
  const sessions = createSessions<AppData>({
    deployment: 'hold',
    secrets: SECRET,
    ...PATIENT,
    ...given,
    store,
  })
  const said = listen(sessions)
  await untilReady(sessions)
  const answer = withSessions(sessions, (request, response, session) =>
    respond({ request, response, said }, (route, query) => route(session, query, sessions)),
  )
  const server = createServer((request, response) =>
    request.url?.startsWith('/-/') === true ? tell(response, sessions, said) : answer(request, response),
  )
  // A connection that is closed at the very moment when a client uses it again would look like a failure.
  server.keepAliveTimeout = 0
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      // Connections that are idle when their last answer has left.
      server.keepAliveTimeout = 1
      await once(server.close(), 'close')
      await sessions.close()
      await store.close()
      await port.close()
    },
  }
}

/** On a machine with much to do the first attempt may fail; then a supervisor would start it again. */
async function untilReady(sessions: AppSessions): Promise<void> {
  for (;;) {
    try {
      return await sessions.ready()
    } catch (error) {
      if (!(error instanceof SystemError && error.retryable)) throw error
      await delay(TRY_AGAIN_MS)
    }
  }
}

interface Said {
  readonly events: { readonly name: string; readonly event: unknown }[]
  /** What the routes threw. */
  readonly errors: unknown[]
}

function listen(sessions: AppSessions): Said {
  const said: Said = { events: [], errors: [] }
  for (const name of EVENTS) sessions.on(name, (event) => said.events.push({ name, event }))
  return said
}

/** What was thrown is noted, and answered as the library answers what no route catches. */
async function respond(
  { request, response, said }: { request: IncomingMessage; response: ServerResponse; said: Said },
  run: (route: Route, query: URLSearchParams) => unknown,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost')
  const route = ROUTES[`${request.method} ${url.pathname}`]
  try {
    const answer = route === undefined ? 404 : await run(route, url.searchParams)
    response.writeHead(typeof answer === 'number' ? answer : 200).end(JSON.stringify(answer))
  } catch (error) {
    said.errors.push(error)
    throw error
  }
}

function tell(response: ServerResponse, sessions: AppSessions, { events, errors }: Said): void {
  const figures = Object.fromEntries(
    sessions.measures().flatMap((measure) => {
      const labels = Object.values(measure.attributes).filter((value) => value !== 'default')
      return measure.kind === 'histogram' ? [] : [[[measure.name, ...labels].join(' '), measure.value]]
    }),
  )
  const shown = errors.map((error) => inspect(error, { depth: 9, showHidden: true }))
  const codes = errors.map((error) => (error as { readonly code?: string }).code ?? String(error))
  response.end(JSON.stringify({ figures, events, codes, shown, metrics: prometheusText([sessions]) }))
}
