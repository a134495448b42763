/** The frameworks' own answers to an error: about somebody's session, so kept from caches like any other. */
import { getRequestListener } from '@hono/node-server'
import createExpress from 'express'
import createFastify from 'fastify'
import { Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import createKoa from 'koa'
import { expressSessions } from 'sojourn/express'
import { fastifySessions } from 'sojourn/fastify'
import { honoSessions } from 'sojourn/hono'
import { koaSessions } from 'sojourn/koa'
import type { RequestListener } from 'node:http'
import { describe, expect, test } from 'vitest'
import type { AppHandle, AppSessions } from './harness/adapters.ts'
import { routes } from './harness/native.ts'
import { header, headerLines } from './harness/wire.ts'
import { startWorld, type World } from './harness/world.ts'

type Build = (
  sessions: AppSessions,
  act: (session: AppHandle) => unknown,
) => RequestListener | Promise<RequestListener>

/** Each logs in at `/login`, and everywhere else does what it is told, which throws. */
const BUILDS: Readonly<Record<string, Build>> = {
  express(sessions, act) {
    const attached = expressSessions(sessions)
    const app = createExpress().set('env', 'test').use(attached)
    app.use(async (request, response) => {
      const session = attached.of(request)
      response.send(request.path === '/login' ? await routes.logIn(session) : act(session))
    })
    return app
  },
  async fastify(sessions, act) {
    const attached = fastifySessions(sessions)
    const app = createFastify()
    await app.register(attached)
    app.all('/*', async (request) => {
      const session = attached.of(request)
      return request.url === '/login' ? await routes.logIn(session) : act(session)
    })
    await app.ready()
    return (request, response) => app.routing(request, response)
  },
  koa(sessions, act) {
    const attached = koaSessions(sessions)
    const app = new createKoa()
    app.silent = true
    app.use(attached).use(async (context) => {
      const session = attached.of(context)
      context.body = context.path === '/login' ? await routes.logIn(session) : act(session)
    })
    const callback = app.callback()
    return (request, response) => void callback(request, response)
  },
  hono(sessions, act) {
    const app = new Hono().use(honoSessions(sessions)).all('*', async (context) => {
      const { session } = context.var
      return context.text(context.req.path === '/login' ? await routes.logIn(session) : String(act(session)))
    })
    const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false })
    return (request, response) => void listener(request, response)
  },
}

/** An error as each framework throws them for a 404. */
function notFound(name: string, own: object = {}): Error {
  const text = 'no such thing, alice'
  if (name === 'hono') return new HTTPException(404, { message: text })
  return Object.assign(new Error(text), { status: 404, statusCode: 404, expose: true, ...own })
}

describe.each(Object.entries(BUILDS))('%s', (name, build) => {
  const start = async (act: (session: AppHandle) => unknown): Promise<World> =>
    await startWorld({ listener: (sessions) => build(sessions, act) })

  test('an error after the session was read is answered with no-store', async () => {
    const alice = (await start(failing('subject'))).browser()
    await alice.post('/login')
    const answer = await alice.get('/')
    expect([answer.status, headerLines(answer, 'cache-control')]).toEqual([404, ['no-store']])
  })

  test('an error after a session was looked for in vain varies by cookie', async () => {
    const answer = await (await start(failing('subject'))).browser().get('/')
    expect(answer.status).toBe(404)
    expect(header(answer, 'vary')).toMatch(/\bcookie\b/i)
    expect(header(answer, 'cache-control')).toBeUndefined()
  })

  test('an error before anybody looked says nothing of either', async () => {
    const alice = (await start(failing('nothing'))).browser()
    await alice.post('/login')
    const answer = await alice.get('/')
    expect([answer.status, header(answer, 'cache-control'), header(answer, 'vary')]).toEqual([
      404,
      undefined,
      undefined,
    ])
  })

  test('one error that is thrown for everybody is answered to each as theirs', async () => {
    const shared = notFound(name)
    const world = await startWorld({
      listener: (sessions) =>
        build(sessions, (session) => {
          void session.subject
          throw shared
        }),
    })
    expect(header(await world.browser().get('/'), 'vary')).toBe('Cookie')
    const alice = world.browser()
    await alice.post('/login')
    expect(header(await alice.get('/'), 'cache-control')).toBe('no-store')
    expect(header(await world.browser().get('/'), 'vary')).toBe('Cookie')
  })

  function failing(reads: 'subject' | 'nothing', own?: object): (session: AppHandle) => never {
    return (session) => {
      if (reads === 'subject') void session.subject
      throw notFound(name, own)
    }
  }
})

describe('koa: headers that the error brings', () => {
  const start = async (make: () => unknown): Promise<World> =>
    await startWorld({
      listener: (sessions) =>
        (BUILDS['koa'] as Build)(sessions, (session) => {
          void session.subject
          throw make()
        }),
    })

  test('stay, and ours are beside them', async () => {
    const world = await start(() => notFound('koa', { headers: { Vary: 'Accept', 'X-Own': '1' } }))
    const answer = await world.browser().get('/')
    expect([header(answer, 'vary'), header(answer, 'x-own')]).toEqual(['Accept, Cookie', '1'])
  })

  test('say more than ours do, where they speak of caches', async () => {
    const alice = (await start(() => notFound('koa', { headers: { 'Cache-Control': 'private' } }))).browser()
    await alice.post('/login')
    expect(headerLines(await alice.get('/'), 'cache-control')).toEqual(['private'])
  })

  test('an error that takes no headers is still answered as itself', async () => {
    const alice = (await start(() => Object.preventExtensions(notFound('koa')))).browser()
    await alice.post('/login')
    expect((await alice.get('/')).status).toBe(404)
  })
})
