/**
 * The application of `system.ts` with better-auth, its sessions in Redis as secondary storage, written as its
 * documentation says. Its own calls answer the requests: what they refuse is answered as they say, what they throw is 503.
 * Data are additional fields of the session. Who signs in is known to each process alike, and passwords cost nothing, so
 * that nothing is raced but sessions.
 *
 * @see https://www.better-auth.com/docs/concepts/database#secondary-storage
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { betterAuth, type SecondaryStorage } from 'better-auth'
import { memoryAdapter } from 'better-auth/adapters/memory'
import { createClient } from 'redis'
import { holdOf, type Reached } from '../hold.ts'
import type { Running, Start } from '../system.ts'
import { watching } from './watching.ts'

const PASSWORD = 'correct horse battery staple'

type Auth = ReturnType<typeof authOver>

interface Visit {
  readonly auth: Auth
  readonly headers: Headers
  readonly query: URLSearchParams
  readonly reached: Reached
}

type Work = (visit: Visit) => Promise<Response>

/** Where a request waits while its credentials are being checked. */
const visiting = new AsyncLocalStorage<Reached>()

export async function start({ place, pass }: Start): Promise<Running> {
  const client = createClient({ url: place.urls[0] ?? '' })
  client.on('error', () => undefined)
  await client.connect()
  const { through, store } = watching({ pass }, () => client.ping())
  const storage: SecondaryStorage = {
    get: (key) => through('read', () => client.get(key)),
    getAndDelete: (key) => through('commit', () => client.getDel(key)),
    // For limits on requests, of which there are none here.
    increment: (key) => through('commit', () => client.incr(key)),
    set: (key, value, ttl) =>
      through('commit', () =>
        client.set(key, value, ttl === undefined ? {} : { expiration: { type: 'EX', value: ttl } }),
      ),
    delete: (key) => through('commit', async () => void (await client.del(key))),
  }
  const auth = authOver(storage)
  const server = createServer(
    (request, response) => void serve({ auth, pass, request }).then((answer) => send(answer, response)),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { port: (server.address() as AddressInfo).port, store }
}

function authOver(secondaryStorage: SecondaryStorage) {
  return betterAuth({
    baseURL: 'http://localhost',
    secret: 'Nd3mTq8yWv1sKx6bRj0pLc5uHf9zGa2eXo7i',
    database: memoryAdapter({ user: [], account: [], session: [], verification: [] }),
    secondaryStorage,
    logger: { disabled: true },
    emailAndPassword: {
      enabled: true,
      password: {
        hash: async (password) => password,
        async verify({ hash, password }) {
          await visiting.getStore()?.('attempted')
          return hash === password
        },
      },
    },
    session: {
      additionalFields: {
        a: { type: 'string', required: false },
        b: { type: 'string', required: false },
        count: { type: 'number', required: false },
      },
    },
  })
}

async function serve({
  auth,
  pass,
  request,
}: Pick<Start, 'pass'> & { readonly auth: Auth; readonly request: IncomingMessage }): Promise<Response> {
  const { pathname, searchParams: query } = new URL(request.url ?? '', 'http://localhost')
  const reached = holdOf(request.url ?? '', pass)
  const headers = new Headers({ cookie: request.headers.cookie ?? '' })
  const work = ROUTES[pathname]
  if (work === undefined) return new Response(undefined, { status: 404 })
  await reached('opened')
  try {
    const answer = await visiting.run(reached, () => work({ auth, headers, query, reached }))
    await reached('done')
    return answer.status >= 500 ? unavailable() : answer
  } catch {
    // Nothing but the store throws here.
    return unavailable()
  }
}

async function send(answer: Response, response: ServerResponse): Promise<void> {
  const retryAfter = answer.headers.get('retry-after')
  response.writeHead(answer.status, {
    'content-type': 'application/json',
    'set-cookie': answer.headers.getSetCookie(),
    ...(retryAfter === null ? {} : { 'retry-after': retryAfter }),
  })
  response.end(await answer.text())
}

function unavailable(): Response {
  return Response.json({ error: 'unavailable' }, { status: 503, headers: { 'retry-after': '1' } })
}

const ROUTES: Readonly<Record<string, Work>> = {
  async '/me'(visit) {
    const answer = await visit.auth.api.getSession({ headers: visit.headers, asResponse: true })
    const found = answer.ok ? ((await answer.clone().json()) as Found | null) : undefined
    if (found === undefined) return answer
    if (found === null) return new Response('{}', { status: 401, headers: answer.headers })
    const { id, a, b, count } = found.session
    return Response.json({ subject: found.user.id, id, data: { a, b, count } }, { headers: answer.headers })
  },
  '/set': ({ query, ...visit }) =>
    update(visit, async () => ({ [query.get('key') ?? '']: query.get('value') ?? '' })),
  '/increment': ({ query, ...visit }) => {
    const key = query.get('key') ?? ''
    return update(visit, async () => {
      const found = await visit.auth.api.getSession({ headers: visit.headers })
      const { [key]: before } = (found?.session ?? {}) as Readonly<Record<string, unknown>>
      return { [key]: Number(before ?? 0) + 1 }
    })
  },
  async '/sign-in'({ auth, headers, query }) {
    const email = await registered(auth, query.get('subject') ?? '')
    const body = { email, password: PASSWORD }
    const answer = await auth.api.signInEmail({ body, headers, asResponse: true })
    if (!answer.ok) return answer
    const { token } = (await answer.clone().json()) as { readonly token: string }
    return new Response(JSON.stringify({ id: token }), { headers: answer.headers })
  },
  '/sign-out': ({ auth, headers }) => auth.api.signOut({ headers, asResponse: true }),
  '/revoke-others': ({ auth, headers }) => auth.api.revokeOtherSessions({ headers, asResponse: true }),
}

interface Found {
  readonly user: { readonly id: string }
  readonly session: Readonly<Record<string, unknown>>
}

/** The handler works first, and writes what came of it when it is done. */
async function update(
  { auth, headers, reached }: Pick<Visit, 'auth' | 'headers' | 'reached'>,
  work: () => Promise<Readonly<Record<string, unknown>>>,
): Promise<Response> {
  const body = await work()
  await reached('done')
  return await auth.api.updateSession({ headers, body, asResponse: true })
}

const accounts = new Map<string, Promise<string>>()

/** The user's address. The same user in every process, whoever comes first. */
function registered(auth: Auth, subject: string): Promise<string> {
  const known = accounts.get(subject) ?? register(auth, subject)
  accounts.set(subject, known)
  return known
}

async function register(auth: Auth, id: string): Promise<string> {
  const { adapter, internalAdapter } = await auth.$context
  const email = `${id}@example.org`
  const now = new Date()
  const data = { id, email, name: id, emailVerified: true, createdAt: now, updatedAt: now }
  await adapter.create({ model: 'user', data, forceAllowId: true })
  await internalAdapter.createAccount({
    userId: id,
    accountId: id,
    providerId: 'credential',
    password: PASSWORD,
  })
  return email
}
