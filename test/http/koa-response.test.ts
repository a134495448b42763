/** What applications of Koa do with `ctx`, when the session was changed before. */
import createApp, { type Context } from 'koa'
import { koaSessions } from 'sojourn/koa'
import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import type { AppHandle } from './harness/adapters.ts'
import { json } from './harness/browser.ts'
import { alice, answers, routes } from './harness/native.ts'
import { setCookies } from './harness/set-cookie.ts'
import { header } from './harness/wire.ts'
import { startWorld, type World } from './harness/world.ts'

type Route = (context: Context, session: AppHandle) => unknown
type Middleware = (context: Context, next: () => Promise<unknown>) => unknown

/** `/` runs `route` after a change of the session; `around` stands outside the sessions. */
async function serve(route: Route, around: Middleware = async (_, next) => await next()): Promise<World> {
  return await startWorld({
    listener(sessions, onError) {
      const attached = koaSessions(sessions, { onError })
      const app = new createApp()
      app.silent = true
      app.use(around)
      app.use(attached)
      app.use(async (context) => {
        const session = attached.of(context)
        if (context.path === '/login') context.body = await routes.logIn(session)
        if (context.path === '/me') context.body = routes.me(session)
        if (context.path !== '/') return
        session.set('note', 'changed')
        await route(context, session)
      })
      const callback = app.callback()
      return (request, response) => void callback(request, response)
    },
  })
}

const ways: readonly [how: string, route: Route, expected: object][] = [
  ['a text', (context) => (context.body = 'sent'), { status: 200, body: 'sent' }],
  ['an object', (context) => (context.body = { a: 1 }), { status: 200, body: '{"a":1}' }],
  ['a buffer', (context) => (context.body = Buffer.from('bytes')), { status: 200, body: 'bytes' }],
  [
    'a stream',
    (context) => (context.body = Readable.from(['one ', 'two'])),
    { status: 200, body: 'one two' },
  ],
  ['a web Response', (context) => (context.body = new Response('web')), { body: 'web' }],
  ['nothing', (context) => (context.status = 204), { status: 204, body: '' }],
  ['null', (context) => (context.body = null), { status: 204, body: '' }],
  ['a redirect', (context) => context.redirect('/elsewhere'), { status: 302 }],
  ['no body at all', () => undefined, { status: 404, body: 'Not Found' }],
  ['no response of Koa’s: written raw', raw, { status: 201, body: 'raw' }],
  ['no response of Koa’s: the head flushed first', flushed, { body: 'flushed' }],
]

function raw(context: Context): void {
  context.respond = false
  context.res.writeHead(201, { 'X-Raw': '1' }).end('raw')
}

function flushed(context: Context): void {
  context.respond = false
  context.res.flushHeaders()
  context.res.end('flushed')
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

test.each(ways)('%s: the same for a visitor, with the cookie', async (_, route, expected) => {
  const world = await serve(route)
  const visitor = world.browser()
  expect((await answers(visitor, 'POST', '/'))[0]).toMatchObject({ ...expected, complete: true })
  expect(json(await visitor.get('/me')).data).toEqual({ note: 'changed' })
})

test.each(ways)('%s: HEAD has the cookie and no body', async (_, route) => {
  const visitor = (await serve(route)).browser()
  const [first, second] = await answers(visitor, 'HEAD', '/')
  expect(setCookies(first)).toHaveLength(1)
  expect(second).toBeDefined()
})

test('an ETag that the client has makes it a 304: without body, with the cookie', async () => {
  const { browser } = await serve((context) => {
    context.set('ETag', '"x"')
    context.body = 'sent'
    if (context.fresh) context.status = 304
  })
  const visitor = browser()
  const answer = await visitor.request('GET', '/', { headers: [['If-None-Match', '"x"']] })
  expect(answer).toMatchObject({ status: 304, body: '' })
  expect(json(await visitor.get('/me')).data).toEqual({ note: 'changed' })
})

test('`ctx.throw` below 500 keeps no change, and the sign-in’s cookie goes out', async () => {
  const world = await serve(async (context, session) => {
    await session.signIn('bob')
    session.set('theme', 'never kept')
    context.throw(418, 'teapot')
  })
  const client = await alice(world)
  const [first, second] = await answers(client, 'POST', '/')
  expect(first).toMatchObject({ status: 418, body: 'teapot' })
  expect(second).toBeDefined()
  expect(json(await client.get('/me'))).toMatchObject({ subject: 'bob', data: {} })
})

test('an error that a middleware outside answers below 500 keeps no change either', async () => {
  const world = await serve(
    () => failing(),
    async (context, next) => {
      try {
        await next()
      } catch {
        context.status = 409
        context.body = 'sorry'
      }
    },
  )
  const client = await alice(world)
  expect(await client.post('/')).toMatchObject({ status: 409, body: 'sorry' })
  expect(json(await client.get('/me')).data).toEqual({})
})

test('what a middleware outside does after the sessions is part of the same answer', async () => {
  const world = await serve(
    (context) => (context.body = 'sent'),
    async (context, next) => {
      await next()
      context.set('X-Outside', '1')
      if (context.path === '/') context.body = `${String(context.body)} and wrapped`
    },
  )
  const client = await alice(world)
  const answer = await client.post('/')
  expect(answer).toMatchObject({ status: 200, body: 'sent and wrapped' })
  expect(header(answer, 'x-outside')).toBe('1')
  expect(json(await client.get('/me')).data).toEqual({ note: 'changed' })
})

test.each<[string, Route]>([
  ['writes, then throws', (context) => context.res.write('said') || failing()],
  ['ends, then throws', (context) => context.res.end('said') && failing()],
  ['ends, and sets a body', (context) => context.res.end('said') && (context.body = 'again')],
])('a handler that %s: what was said first, or a cut; never two answers in one', async (_, route) => {
  const world = await serve(route)
  const client = await alice(world)
  const wire = await client.begin('POST', '/')
  client.send(wire, 'GET', '/me')
  while (wire.waiting === 0) await client.get('/me')
  for (let round = 0; round < 3; round++) await client.get('/me')
  wire.abort()
  const first = await wire.response()
  expect(first.body).not.toMatch(/Internal|again/)
  expect(json(await client.get('/me'))).toMatchObject({ subject: 'alice' })
})

test('a stream that fails in the middle is cut off, and is no answer', async () => {
  const failingStream = async function* (): AsyncGenerator<string> {
    yield 'begun '
    await new Promise((resolve) => setImmediate(resolve))
    failing()
  }
  const world = await serve((context) => (context.body = Readable.from(failingStream())))
  const client = await alice(world)
  const wire = await client.begin('POST', '/')
  const first = await wire.response().catch(() => undefined)
  expect(first?.complete ?? false).toBe(false)
  expect(json(await client.get('/me'))).toMatchObject({ subject: 'alice' })
})

test('a refused write and a check that nobody can make: answered, and nothing inside is run', async () => {
  const ran: string[] = []
  const world = await startWorld({
    peek: false,
    listener(sessions, onError) {
      const attached = koaSessions(sessions, { onError })
      const app = new createApp()
      app.use(async (context, next) => {
        await next()
        context.set('X-Outside', '1')
      })
      app.use(attached)
      app.use(async (context) => {
        ran.push(context.method)
        context.body = context.path === '/login' ? await routes.logIn(attached.of(context)) : 'ran'
      })
      const callback = app.callback()
      return (request, response) => void callback(request, response)
    },
  })
  const client = await alice(world)
  const crossing = await client.post('/', { headers: [['Sec-Fetch-Site', 'cross-site']] })
  world.store.faults.fail({ on: 'read', times: Number.POSITIVE_INFINITY })
  expect([crossing.status, (await client.get('/')).status]).toEqual([403, 503])
  expect(ran).toEqual(['POST'])
})

function failing(): never {
  throw new Error('the handler failed')
}
