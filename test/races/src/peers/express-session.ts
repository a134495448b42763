/**
 * The application of `system.ts` with express-session and connect-redis, written as its documentation says:
 * `saveUninitialized: false`, `resave: false` or as it is by default, a regenerated session at login and saved before the answer, `destroy` at logout. What it
 * has no call for (a user's other sessions, a device limit) is not served.
 *
 * @see https://github.com/expressjs/session#user-login
 */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import express, { type NextFunction, type Request, type RequestHandler, type Response } from 'express'
import session from 'express-session'
import { holdOf, type Reached } from '../hold.ts'
import type { Running, Start } from '../system.ts'
import { watchedRedisStore } from './session-store.ts'

declare module 'express-session' {
  interface SessionData {
    user: string
    [key: string]: unknown
  }
}

type Work = (request: Request, response: Response, reached: Reached) => object | Promise<object>

export async function start({ place, pass }: Start): Promise<Running> {
  const { redis, store } = await watchedRedisStore({ place, pass })
  const app = express()
  // Its own report of what the harness broke.
  app.set('env', 'test')
  app.use(
    session({
      store: redis,
      secret: 'Nd3mTq8yWv1sKx6bRj0pLc5uHf9zGa2eXo7i',
      resave: place.system.endsWith('resave'),
      saveUninitialized: false,
      cookie: { sameSite: 'lax' },
    }),
  )
  for (const [path, work] of Object.entries(OPEN)) app.all(path, route(work, pass))
  for (const [path, work] of Object.entries(SIGNED_IN)) app.all(path, signedIn, route(work, pass))
  app.use(unavailable)
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { port: (server.address() as AddressInfo).port, store }
}

function route(work: Work, pass: Start['pass']): RequestHandler {
  return async (request, response) => {
    const reached = holdOf(request.url, pass)
    await reached('opened')
    const body = await work(request, response, reached)
    await reached('done')
    response.json(body)
  }
}

const OPEN: Readonly<Record<string, Work>> = {
  '/visit': set,
  async '/sign-in'(request, _response, reached) {
    await reached('attempted')
    await regenerate(request, { user: text(request.query['subject']) })
    return { id: request.sessionID }
  },
}

const SIGNED_IN: Readonly<Record<string, Work>> = {
  '/me'(request) {
    const { cookie: _, user, ...data } = request.session
    return { subject: user, id: request.sessionID, data }
  },
  '/set': set,
  '/increment'({ session: own, query }) {
    const key = text(query['key'])
    own[key] = Number(own[key] ?? 0) + 1
    return {}
  },
  async '/sign-out'(request, response) {
    await promisify(request.session.destroy.bind(request.session))()
    response.clearCookie('connect.sid')
    return {}
  },
  async '/regenerate'(request) {
    await regenerate(request, contentsOf(request))
    return {}
  },
  async '/elevate'(request) {
    await regenerate(request, { ...contentsOf(request), authenticatedAt: Date.now() })
    return {}
  },
}

function set({ session: own, query }: Request): object {
  own[text(query['key'])] = text(query['value'])
  return {}
}

function contentsOf({ session: own }: Request): Readonly<Record<string, unknown>> {
  const { cookie: _, ...contents } = own
  return contents
}

async function regenerate(request: Request, contents: Readonly<Record<string, unknown>>): Promise<void> {
  await promisify(request.session.regenerate.bind(request.session))()
  Object.assign(request.session, contents)
  await promisify(request.session.save.bind(request.session))()
}

function signedIn(request: Request, response: Response, next: NextFunction): void {
  if (request.session.user === undefined) response.status(401).json({ error: 'sign in' })
  else next()
}

/** Nothing but the store throws here. */
function unavailable(error: unknown, _request: Request, response: Response, next: NextFunction): void {
  if (response.headersSent) next(error)
  else
    response
      .status(503)
      .set('retry-after', '1')
      .json({ error: String(error) })
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
