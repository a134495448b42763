/** express-session on its memory store or connect-redis, as its documentation says: `resave: false`, `saveUninitialized: false`. */
import express from 'express'
import session from 'express-session'
import { ADDRESS, DATA, USER_AGENT } from '../content.ts'
import { answerFor, type Target, type TargetOptions } from '../target.ts'
import { connectRedis } from './connect-redis.ts'
import { countedCalls } from './counted-calls.ts'
import { signedInRequests } from './signed-in.ts'

declare module 'express-session' {
  interface SessionData {
    user: string
  }
}

export async function start(options: TargetOptions): Promise<Target> {
  const store =
    options.store === 'redis' ? await connectRedis(options.redis, 'express') : new session.MemoryStore()
  const storeCalls = countedCalls(store, options.counting)
  const app = express()
  app.use(
    session({
      store,
      secret: 'Nd3mTq8yWv1sKx6bRj0pLc5uHf9zGa2eXo7i',
      resave: false,
      saveUninitialized: false,
      cookie: { sameSite: 'lax' },
    }),
  )
  app.get('/', (request, response) => void response.json(answerFor(request.session.user ?? '')))
  app.get('/sign-in/:user', (request, response) => {
    const { user } = request.params
    request.session.regenerate(() => {
      Object.assign(request.session, DATA, { user, device: { address: ADDRESS, userAgent: USER_AGENT } })
      response.json(answerFor(user))
    })
  })
  return { requests: await signedInRequests(app, options), storeCalls, listener: app }
}
