/**
 * @fastify/session on its memory store or connect-redis, as its documentation says: its defaults but `saveUninitialized: false`. `rolling`
 * is among them, and without it nothing extends a session.
 */
import fastifyCookie from '@fastify/cookie'
import fastifySession, { type FastifySessionOptions } from '@fastify/session'
import fastify from 'fastify'
import { ADDRESS, DATA, USER_AGENT } from '../content.ts'
import { answerFor, type Listener, type Target, type TargetOptions } from '../target.ts'
import { connectRedis } from './connect-redis.ts'
import { countedCalls } from './counted-calls.ts'
import { signedInRequests } from './signed-in.ts'

declare module 'fastify' {
  interface Session {
    user?: string
  }
}

export async function start(options: TargetOptions): Promise<Target> {
  const store =
    options.store === 'redis'
      ? await connectRedis(options.redis, 'fastify')
      : new fastifySession.MemoryStore()
  const storeCalls = countedCalls(store, options.counting)
  const app = fastify()
  await app.register(fastifyCookie)
  await app.register(fastifySession, {
    // Its types are those of express-session, whose sessions have other fields.
    store: store as NonNullable<FastifySessionOptions['store']>,
    secret: 'Nd3mTq8yWv1sKx6bRj0pLc5uHf9zGa2eXo7i',
    saveUninitialized: false,
    cookie: { secure: false, sameSite: 'lax' },
  })
  app.get('/', (request, reply) => reply.send(answerFor(request.session.user ?? '')))
  app.get<{ Params: { user: string } }>('/sign-in/:user', (request, reply) => {
    const { user } = request.params
    request.session.regenerate(() => {
      Object.assign(request.session, DATA, { user, device: { address: ADDRESS, userAgent: USER_AGENT } })
      reply.send(answerFor(user))
    })
  })
  await app.ready()
  const listener: Listener = (request, response) => app.routing(request, response)
  return { requests: await signedInRequests(listener, options), storeCalls, listener }
}
