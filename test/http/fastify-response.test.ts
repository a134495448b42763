/** What applications of Fastify do with a reply, when the session was changed before. */
import createApp, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { fastifySessions } from 'sojourn/fastify'
import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import type { AppHandle } from './harness/adapters.ts'
import { json } from './harness/browser.ts'
import { alice, answers, routes } from './harness/native.ts'
import { setCookies } from './harness/set-cookie.ts'
import { codeThrownBy } from './harness/thrown.ts'
import { header } from './harness/wire.ts'
import { startWorld, type World } from './harness/world.ts'

type Route = (reply: FastifyReply, session: AppHandle) => unknown
type Of = (request: FastifyRequest) => AppHandle

/** `POST /` (and `GET`, `HEAD`) run `route` after a change of the session. */
async function serve(
  route: Route,
  finish: (app: FastifyInstance, of: Of) => void = () => {},
): Promise<World> {
  return await startWorld({
    async listener(sessions, onError) {
      const attached = fastifySessions(sessions, { onError })
      const app = createApp()
      await app.register(attached)
      const changed = (request: FastifyRequest): AppHandle => {
        const session = attached.of(request)
        session.set('note', 'changed')
        return session
      }
      app.post('/login', async (request) => await routes.logIn(attached.of(request)))
      app.get('/me', async (request) => routes.me(attached.of(request)))
      app.route({
        method: ['GET', 'HEAD', 'POST'],
        url: '/',
        handler: (request, reply) => route(reply, changed(request)),
      })
      finish(app, (request) => attached.of(request))
      await app.ready()
      return (request, response) => app.routing(request, response)
    },
  })
}

const pieces = (): Readable => Readable.from(['one ', 'two'])

const ways: readonly [how: string, route: Route, expected: object][] = [
  ['a value', async () => ({ a: 1 }), { status: 200, body: '{"a":1}' }],
  ['send, returned', async (reply) => reply.code(201).send('sent'), { status: 201, body: 'sent' }],
  ['send in a handler that is no promise', (reply) => void reply.send('sent'), { status: 200, body: 'sent' }],
  [
    'send in an async handler that returns nothing',
    async (reply) => void reply.send('sent'),
    { status: 200, body: 'sent' },
  ],
  [
    'send later, and a promise of nothing',
    async (reply) => (await turn(), void reply.send('sent')),
    { status: 200, body: 'sent' },
  ],
  ['send of nothing', async (reply) => void reply.code(204).send(), { status: 204, body: '' }],
  ['a redirect', async (reply) => reply.redirect('/elsewhere'), { status: 302, body: '' }],
  ['a buffer', async () => Buffer.from('bytes'), { status: 200, body: 'bytes' }],
  ['a stream', async (reply) => reply.send(pieces()), { status: 200, body: 'one two' }],
  [
    'a stream in an async handler that returns nothing',
    async (reply) => void reply.send(pieces()),
    { status: 200, body: 'one two' },
  ],
  ['a web Response', async () => new Response('web', { status: 202 }), { status: 202, body: 'web' }],
  ['a hijacked reply, written raw', raw, { status: 201, body: 'raw' }],
  ['a hijacked reply, its head flushed first', flushed, { status: 200, body: 'flushed' }],
]

function raw(reply: FastifyReply): void {
  reply.hijack()
  reply.raw.writeHead(201, { 'X-Raw': '1' }).end('raw')
}

function flushed(reply: FastifyReply): void {
  reply.hijack()
  reply.raw.flushHeaders()
  reply.raw.end('flushed')
}

async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}

test.each(ways)(
  '%s: whole, after the commit, and the next answer on the connection is its own',
  async (_, route, expected) => {
    const world = await serve(route)
    const client = await alice(world)
    const [first, second] = await answers(client, 'POST', '/')
    expect(first).toMatchObject({ ...expected, complete: true })
    expect(second).toBeDefined()
    expect(json(await client.get('/me')).data).toEqual({ note: 'changed' })
    expect(world.errors).toEqual([])
  },
)

test.each(ways)(
  '%s: the same for a visitor, with the cookie, kept from caches',
  async (_, route, expected) => {
    const world = await serve(route)
    const visitor = world.browser()
    expect((await answers(visitor, 'POST', '/'))[0]).toMatchObject({ ...expected, complete: true })
    expect(json(await visitor.get('/me')).data).toEqual({ note: 'changed' })
  },
)

test.each(ways)('%s: HEAD has the cookie and no body', async (_, route) => {
  const visitor = (await serve(route)).browser()
  const [first, second] = await answers(visitor, 'HEAD', '/')
  expect(setCookies(first)).toHaveLength(1)
  expect(second).toBeDefined()
})

test.each(ways.filter(([how]) => how.includes('hijacked')))(
  '%s: a session that was read is kept from caches',
  async (_, route) => {
    const world = await serve(
      () => undefined,
      (app, of) => {
        app.get('/read', (request, reply) => {
          void of(request).subject
          route(reply, of(request))
        })
      },
    )
    expect(header(await (await alice(world)).get('/read'), 'cache-control')).toBe('no-store')
  },
)

describe('what is said twice', () => {
  const said = (reply: FastifyReply): void => void reply.send('said')

  test.each<[string, Route]>([
    ['sends, then throws', async (reply) => (said(reply), failing())],
    ['sends twice', async (reply) => (said(reply), void reply.send('and said again, longer'))],
    ['sends, then returns another value', async (reply) => (said(reply), 'and said again')],
    ['sends, then redirects', (reply) => (said(reply), void reply.redirect('/'))],
    ['sends, and throws without being a promise', (reply) => (said(reply), failing())],
  ])('a handler that %s: what was said first, once', async (_, route) => {
    const world = await serve(route)
    const client = await alice(world)
    const [first, second] = await answers(client, 'POST', '/')
    expect(first).toMatchObject({ status: 200, body: 'said', complete: true })
    expect(second).toBeDefined()
    expect(json(await client.get('/me')).data).toEqual({ note: 'changed' })
  })

  test('a stream that fails in the middle is cut off, and is no answer', async () => {
    const failingStream = async function* (): AsyncGenerator<string> {
      yield 'begun '
      await turn()
      failing()
    }
    const world = await serve(async (reply) => reply.send(Readable.from(failingStream())))
    const client = await alice(world)
    const wire = await client.begin('POST', '/')
    const first = await wire.response().catch(() => undefined)
    expect(first?.complete ?? false).toBe(false)
    expect(json(await client.get('/me'))).toMatchObject({ subject: 'alice' })
  })
})

describe('hooks', () => {
  test('what `preHandler` and `onSend` change is stored with the same answer', async () => {
    const world = await serve(
      async () => 'sent',
      (app, of) => {
        app.addHook('preHandler', async (request) => of(request).set('theme', 'dark'))
        app.addHook('onSend', async (request, _reply, payload) => {
          of(request).increment('count')
          return payload
        })
      },
    )
    const client = await alice(world)
    expect(await client.post('/')).toMatchObject({ status: 200, body: 'sent' })
    expect(json(await client.get('/me')).data).toMatchObject({ note: 'changed', theme: 'dark' })
    expect(json(await client.get('/me')).data['count']).toBeGreaterThan(0)
  })

  test('what `onResponse` changes would come too late, and says so', async () => {
    const codes: unknown[] = []
    const told = Promise.withResolvers<void>()
    const world = await serve(
      async () => 'sent',
      (app, of) => {
        app.addHook('onResponse', async (request) => {
          if (request.method !== 'POST' || request.url !== '/') return
          codes.push(codeThrownBy(() => of(request).set('theme', 'late')))
          told.resolve()
        })
      },
    )
    await (await alice(world)).post('/')
    await told.promise
    expect(codes).toEqual(['HEADERS_SENT'])
  })

  test('an answer that a hook gives keeps what was changed before', async () => {
    const world = await serve(
      async () => 'never',
      (app, of) => {
        app.addHook('preHandler', async (request, reply) => {
          if (request.url !== '/') return
          of(request).set('theme', 'dark')
          await reply.code(409).send('the hook')
        })
      },
    )
    const client = await alice(world)
    expect(await client.post('/')).toMatchObject({ status: 409, body: 'the hook' })
    expect(json(await client.get('/me')).data).toEqual({ theme: 'dark' })
  })
})

describe('errors', () => {
  test.each([
    ['Fastify’s own answer', undefined, 418, 'the handler failed'],
    ['the application’s', 'sorry', 418, 'sorry'],
  ])('%s: no change is kept, the sign-in’s cookie goes out', async (_, page, status, body) => {
    const world = await serve(
      async (_reply, session) => {
        await session.signIn('bob')
        session.set('theme', 'never kept')
        throw Object.assign(new Error('the handler failed'), { statusCode: 418 })
      },
      (app) => {
        if (page !== undefined) app.setErrorHandler((_error, _request, reply) => reply.code(418).send(page))
      },
    )
    const client = await alice(world)
    const [first, second] = await answers(client, 'POST', '/')
    expect(first.status).toBe(status)
    expect(first.body).toContain(body)
    expect(second).toBeDefined()
    expect(json(await client.get('/me'))).toMatchObject({ subject: 'bob', data: {} })
  })

  test('a body that does not validate, and a route that is not there, are answers like any other', async () => {
    const world = await serve(
      async () => 'sent',
      (app, of) => {
        const schema = { querystring: { type: 'object', required: ['q'] } }
        app.addHook('preValidation', async (request) => of(request).set('theme', request.url))
        app.get('/validated', { schema }, async () => 'never')
      },
    )
    const client = await alice(world)
    expect((await client.get('/validated')).status).toBe(400)
    expect((await client.get('/nowhere')).status).toBe(404)
    expect(json(await client.get('/me')).data['theme']).toBe('/nowhere')
  })
})

test('`inject` goes through the sessions as a request does', async () => {
  const { sessions } = await startWorld()
  const app = createApp()
  const attached = fastifySessions(sessions)
  await app.register(attached)
  app.post('/login', async (request) => await routes.logIn(attached.of(request)))
  app.get('/me', async (request) => routes.me(attached.of(request)))
  const { headers } = await app.inject({ method: 'POST', url: '/login' })
  const [cookie = ''] = String(headers['set-cookie']).split(';')
  expect((await app.inject({ url: '/me', headers: { cookie } })).json()).toMatchObject({ subject: 'alice' })
  const crossing = await app.inject({
    method: 'POST',
    url: '/login',
    headers: { 'sec-fetch-site': 'cross-site' },
  })
  expect(crossing.statusCode).toBe(403)
  expect(crossing.headers['set-cookie']).toBeUndefined()
})

test('the session is there in every context of the application, and for routes that are not', async () => {
  const world = await serve(
    async () => 'sent',
    (app, of) => {
      app.register(async (inner) => {
        inner.get('/inner', async (request) => of(request).subject)
      })
      app.setNotFoundHandler((request, reply) => void reply.code(404).send(`${of(request).subject} is lost`))
    },
  )
  const client = await alice(world)
  expect(await client.get('/inner')).toMatchObject({ status: 200, body: 'alice' })
  expect(await client.get('/nowhere')).toMatchObject({ status: 404, body: 'alice is lost' })
})

function failing(): never {
  throw new Error('the handler failed')
}
