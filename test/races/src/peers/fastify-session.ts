/**
 * The application of `system.ts` with @fastify/session and connect-redis, written as its documentation says: its defaults (`rolling`
 * extends the session with every request) but `saveUninitialized: false`, a regenerated session at login, `destroy` at
 * logout. What it has no call for (a user's other sessions, a device limit) is not served.
 *
 * @see https://github.com/fastify/session#readme
 */
import type { AddressInfo } from 'node:net'
import fastifyCookie from '@fastify/cookie'
import fastifySession, { type FastifySessionOptions } from '@fastify/session'
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import { holdOf, type Reached } from '../hold.ts'
import type { Running, Start } from '../system.ts'
import { watchedRedisStore } from './session-store.ts'

declare module 'fastify' {
  interface Session {
    user?: string
    [key: string]: unknown
  }
}

type AppRequest = FastifyRequest<{ Querystring: Readonly<Record<string, string>> }>
type Work = (request: AppRequest, reply: FastifyReply, reached: Reached) => object | Promise<object>

export async function start({ place, pass }: Start): Promise<Running> {
  const { redis, store } = await watchedRedisStore({ place, pass })
  const app = fastify()
  await app.register(fastifyCookie)
  await app.register(fastifySession, {
    // Typed for what express-session calls a session.
    store: redis as unknown as NonNullable<FastifySessionOptions['store']>,
    secret: 'Nd3mTq8yWv1sKx6bRj0pLc5uHf9zGa2eXo7i',
    saveUninitialized: false,
    cookie: { secure: false, sameSite: 'lax' },
  })
  const serve = (path: string, work: Work): void => {
    app.all(path, async (request: AppRequest, reply) => {
      const reached = holdOf(request.url, pass)
      await reached('opened')
      const body = await work(request, reply, reached)
      await reached('done')
      return body
    })
  }
  for (const [path, work] of Object.entries(OPEN)) serve(path, work)
  for (const [path, work] of Object.entries(SIGNED_IN)) serve(path, signedIn(work))
  // Nothing but the store throws here.
  app.setErrorHandler((error, _request, reply) =>
    reply
      .code(503)
      .header('retry-after', '1')
      .send({ error: String(error) }),
  )
  await app.listen({ port: 0, host: '127.0.0.1' })
  return { port: (app.server.address() as AddressInfo).port, store }
}

const OPEN: Readonly<Record<string, Work>> = {
  '/visit': set,
  async '/sign-in'(request, _reply, reached) {
    await reached('attempted')
    await request.session.regenerate()
    request.session.user = request.query['subject'] ?? ''
    return { id: request.session.sessionId }
  },
}

const SIGNED_IN: Readonly<Record<string, Work>> = {
  '/me'({ session }) {
    const { cookie: _, user, ...data } = session
    return { subject: user, id: session.sessionId, data }
  },
  '/set': set,
  '/increment'({ session, query }) {
    const key = query['key'] ?? ''
    session[key] = Number(session[key] ?? 0) + 1
    return {}
  },
  async '/sign-out'({ session }, reply) {
    await session.destroy()
    void reply.clearCookie('sessionId')
    return {}
  },
  async '/regenerate'({ session }) {
    await session.regenerate(contentsOf(session))
    return {}
  },
  async '/elevate'(request) {
    await request.session.regenerate(contentsOf(request.session))
    request.session['authenticatedAt'] = Date.now()
    return {}
  },
}

function set({ session, query }: AppRequest): object {
  session[query['key'] ?? ''] = query['value']
  return {}
}

/** The names of what a regenerated session keeps. */
function contentsOf(session: object): string[] {
  return Object.keys(session).filter((key) => key !== 'cookie')
}

function signedIn(work: Work): Work {
  return (request, reply, reached) => {
    if (request.session.user !== undefined) return work(request, reply, reached)
    void reply.code(401)
    return { error: 'sign in' }
  }
}
