/** What applications of Hono do with a context and its response, when the session was changed before. */
import { getRequestListener } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import { compress } from 'hono/compress'
import { etag } from 'hono/etag'
import { HTTPException } from 'hono/http-exception'
import { stream, streamSSE } from 'hono/streaming'
import { honoSessions } from 'sojourn/hono'
import { describe, expect, test } from 'vitest'
import type { AppHandle } from './harness/adapters.ts'
import { json } from './harness/browser.ts'
import { alice, answers, routes, textOf } from './harness/native.ts'
import { setCookies } from './harness/set-cookie.ts'
import { signal } from './harness/signal.ts'
import { codeThrownBy } from './harness/thrown.ts'
import { header, headerLines } from './harness/wire.ts'
import { startWorld, type World } from './harness/world.ts'

type Route = (context: Context, session: AppHandle) => Response | Promise<Response>
type App = Hono<{ Variables: { session: AppHandle } }>

/** `/` runs `route` after a change of the session. */
async function serve(route: Route, finish: (app: App) => void = () => {}): Promise<World> {
  return await startWorld({
    listener(sessions) {
      const app: App = new Hono()
      app.use(honoSessions(sessions))
      finish(app)
      app.post('/login', async (context) => context.text(await routes.logIn(context.var.session)))
      app.get('/me', (context) => context.json(routes.me(context.var.session)))
      app.all('/', async (context) => {
        const { session } = context.var
        session.set('note', 'changed')
        return await route(context, session)
      })
      const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false })
      return (request, response) => void listener(request, response)
    },
  })
}

const ways: readonly [how: string, route: Route, expected: object][] = [
  ['text', (context) => context.text('sent'), { status: 200, body: 'sent' }],
  ['json', (context) => context.json({ a: 1 }, 201), { status: 201, body: '{"a":1}' }],
  ['a Response of its own', () => new Response('raw', { status: 202 }), { status: 202, body: 'raw' }],
  [
    'a Response that cannot be changed',
    () => Response.redirect('http://localhost/elsewhere'),
    { status: 302 },
  ],
  ['a redirect', (context) => context.redirect('/elsewhere'), { status: 302 }],
  ['nothing', (context) => context.body(null, 204), { status: 204, body: '' }],
  ['not found', (context) => context.notFound(), { status: 404 }],
  ['a stream', (context) => stream(context, twoPieces), { status: 200, body: 'one two' }],
  [
    'an event stream',
    (context) => streamSSE(context, async (out) => await out.writeSSE({ data: 'one' })),
    { body: 'data: one\n\n' },
  ],
]

async function twoPieces(out: { write(text: string): Promise<unknown> }): Promise<void> {
  await out.write('one ')
  await out.write('two')
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

test.each(ways)('%s: a session that was read is kept from caches, once', async (_, route) => {
  const world = await serve(
    () => new Response(),
    (app) =>
      app.get('/read', (context) => (void context.var.session.subject, route(context, context.var.session))),
  )
  const answer = await (await alice(world)).get('/read')
  expect(headerLines(answer, 'cache-control').join(', ')).toMatch(/^no-(store|cache)$/)
})

describe('middleware that replaces the response', () => {
  test('compressed: the cookie is there and the body is whole', async () => {
    const text = 'sent and sent again '.repeat(200)
    const world = await serve(
      (context) => context.text(text),
      (app) => app.use(compress()),
    )
    const visitor = world.browser()
    const wire = await visitor.begin('POST', '/', { headers: [['Accept-Encoding', 'gzip']] })
    const answer = visitor.take(await wire.response())
    expect(header(answer, 'content-encoding')).toBe('gzip')
    expect(textOf(answer)).toBe(text)
    expect(json(await visitor.get('/me')).data).toEqual({ note: 'changed' })
  })

  test('an ETag that the client has: 304 without body, with the cookie', async () => {
    const { browser } = await serve(
      (context) => context.text('sent'),
      (app) => app.use(etag()),
    )
    const known = header(await browser().get('/'), 'etag')
    const visitor = browser()
    const answer = await visitor.request('GET', '/', { headers: [['If-None-Match', known ?? '']] })
    expect(answer).toMatchObject({ status: 304, body: '' })
    expect(json(await visitor.get('/me')).data).toEqual({ note: 'changed' })
  })
})

describe('errors', () => {
  test.each<[string, Route, number]>([
    ['an Error', () => failing(), 500],
    ['an HTTPException', () => failing(new HTTPException(418, { message: 'teapot' })), 418],
    [
      'an HTTPException with a response of its own',
      () => failing(new HTTPException(409, { res: new Response('own', { status: 409 }) })),
      409,
    ],
  ])('%s: no change is kept, the sign-in’s cookie goes out', async (_, route, status) => {
    const world = await serve(
      async (context, session) => {
        await session.signIn('bob')
        session.set('theme', 'never kept')
        return await route(context, session)
      },
      (app) =>
        app.onError((error) =>
          error instanceof HTTPException ? error.getResponse() : new Response('sorry', { status: 500 }),
        ),
    )
    const client = await alice(world)
    const [first, second] = await answers(client, 'POST', '/')
    expect(first.status).toBe(status)
    expect(second).toBeDefined()
    expect(json(await client.get('/me'))).toMatchObject({ subject: 'bob', data: {} })
  })

  test('an application below another one, with an error page of its own', async () => {
    const world = await serve(
      () => new Response(),
      (app) => {
        const below: App = new Hono()
        below.post('/fails', (context) => {
          context.var.session.set('theme', 'never kept')
          return failing()
        })
        below.onError((_, context) => context.text('the page below', 422))
        app.route('/below', below)
      },
    )
    const client = await alice(world)
    expect(await client.post('/below/fails')).toMatchObject({ status: 422, body: 'the page below' })
    expect(json(await client.get('/me')).data).toEqual({})
  })
})

test('a change while the commit is under way is stored, and one after it is an error for whoever makes it', async () => {
  const codes: unknown[] = []
  const committing = signal()
  const committed = signal()
  const { browser, store } = await serve((context, session) =>
    stream(context, async (out) => {
      await committing.reached()
      codes.push(codeThrownBy(() => session.set('theme', 'during')))
      await out.write('begun ')
      await committed.reached()
      codes.push(codeThrownBy(() => session.set('theme', 'late')))
      await out.write('done')
    }),
  )
  const gate = store.faults.hold({ on: 'commit', times: 1 })
  const visitor = browser()
  const wire = await visitor.begin('POST', '/')
  await gate.arrived()
  committing.go()
  await visitor.copy().get('/me')
  gate.release()
  while (wire.waiting === 0) await visitor.copy().get('/me')
  committed.go()
  const answer = visitor.take(await wire.response())
  expect(answer.body).toBe('begun done')
  expect(codes).toEqual([undefined, 'HEADERS_SENT'])
  expect(json(await visitor.get('/me')).data).toEqual({ note: 'changed', theme: 'during' })
})

test('`app.request` without a server goes through the sessions as a request does', async () => {
  const { sessions } = await startWorld()
  const app = new Hono()
    .use(honoSessions(sessions))
    .post('/login', async (context) => context.text(await routes.logIn(context.var.session)))
    .get('/me', (context) => context.json(routes.me(context.var.session)))
  const { headers } = await app.request('/login', { method: 'POST' })
  const [cookie = ''] = headers.getSetCookie().map((line) => line.slice(0, line.indexOf(';')))
  expect(headers.get('cache-control')).toBe('no-store')
  expect(await (await app.request('/me', { headers: { cookie } })).json()).toMatchObject({ subject: 'alice' })
  const crossing = await app.request('/login', {
    method: 'POST',
    headers: { 'sec-fetch-site': 'cross-site' },
  })
  expect([crossing.status, crossing.headers.getSetCookie()]).toEqual([403, []])
})

function failing(error: Error = new Error('the handler failed')): never {
  throw error
}
