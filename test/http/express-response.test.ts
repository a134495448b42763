/** What applications of Express do with a response, when the session was changed before. */
import createApp, { type Application, type ErrorRequestHandler, type Response, Router } from 'express'
import { expressSessions } from 'sojourn/express'
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import type { AppHandle } from './harness/adapters.ts'
import { json } from './harness/browser.ts'
import { alice, answers, routes } from './harness/native.ts'
import { setCookies } from './harness/set-cookie.ts'
import { header } from './harness/wire.ts'
import { startWorld, type World } from './harness/world.ts'

const FILE = fileURLToPath(import.meta.url)
/** A body in pieces that was cut off before its end. */
const CUT = '4\r\nsaid\r\n'
type Route = (response: Response, session: AppHandle) => unknown

/** `POST /` (and `GET`, `HEAD`) run `route` after a change of the session. */
async function serve(route: Route, finish: (app: Application) => void = () => {}): Promise<World> {
  return await startWorld({
    listener(sessions, onError) {
      const attached = expressSessions(sessions, { onError })
      const app = createApp()
      app.use(attached)
      app.post(
        '/login',
        async (request, response) => void response.send(await routes.logIn(attached.of(request))),
      )
      app.get('/me', (request, response) => void response.json(routes.me(attached.of(request))))
      app.all('/', async (request, response) => {
        const session = attached.of(request)
        session.set('note', 'changed')
        await route(response, session)
      })
      finish(app)
      return app
    },
  })
}

const ways: readonly [how: string, route: Route, expected: object][] = [
  ['send', (response) => response.send('sent'), { status: 200, body: 'sent' }],
  ['json', (response) => response.status(201).json({ a: 1 }), { status: 201, body: '{"a":1}' }],
  ['redirect', (response) => response.redirect('/elsewhere'), { status: 302 }],
  ['sendStatus', (response) => response.sendStatus(204), { status: 204, body: '' }],
  ['end alone', (response) => response.end(), { status: 200, body: '' }],
  [
    'write and end',
    (response) => response.write('one ') || response.end('two'),
    { status: 200, body: 'one two' },
  ],
  ['flushHeaders first', flushing, { status: 200, body: 'flushed' }],
  ['a pipeline from a file', (response) => pipeline(createReadStream(FILE), response), { status: 200 }],
  ['sendFile', (response) => response.sendFile(FILE), { status: 200 }],
]

function flushing(response: Response): void {
  response.flushHeaders()
  response.end('flushed')
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
  expect(visitor.take((await answers(visitor, 'POST', '/'))[0])).toMatchObject({
    ...expected,
    complete: true,
  })
  expect(json(await visitor.get('/me')).data).toEqual({ note: 'changed' })
})

test.each(ways)('%s: HEAD has the cookie and no body', async (_, route) => {
  const visitor = (await serve(route)).browser()
  const [first, second] = await answers(visitor, 'HEAD', '/')
  expect(setCookies(first)).toHaveLength(1)
  expect(second).toBeDefined()
})

test.each<[string, Route]>([
  ['send', (response) => response.send('sent')],
  ['sendFile', (response) => response.sendFile(FILE)],
])('an ETag that the client has makes %s a 304: without body, with the cookie', async (_, route) => {
  const { browser } = await serve(route)
  const etag = header(await browser().get('/'), 'etag')
  expect(etag).toMatch(/^W?\/?"/)
  const visitor = browser()
  const answer = await visitor.request('GET', '/', { headers: [['If-None-Match', etag ?? '']] })
  expect(answer).toMatchObject({ status: 304, body: '' })
  expect(json(await visitor.get('/me')).data).toEqual({ note: 'changed' })
})

test('cookies of the application’s own are separate lines', async () => {
  const { browser } = await serve((response) => response.cookie('lang', 'de').clearCookie('old').send('x'))
  const names = setCookies(await browser().post('/')).map(({ name }) => name)
  expect(names.toSorted()).toEqual(['__Host-Http-sid', 'lang', 'old'])
})

const careful: ErrorRequestHandler = (error, _request, response, next) => {
  if (response.headersSent) next(error)
  else response.status(418).send('the error page')
}

test.each<[string, Route]>([
  ['send, then throws', (response) => response.send('said') && failing()],
  ['sends twice', (response) => response.send('said') && response.send('and said again, longer')],
  ['json, then redirects', (response) => response.json('said') && response.redirect('/')],
  ['writes, then throws', (response) => response.write('said') || failing()],
  ['writes, then sends', (response) => response.write('said') || response.send('as a whole')],
  ['ends, then sets a header', (response) => response.end('said') && response.setHeader('X-Late', '1')],
])('a handler that %s: what was said first, or a cut; never two answers in one', async (_, route) => {
  const world = await serve(route, (app) => app.use(careful))
  const client = await alice(world)
  const wire = await client.begin('POST', '/')
  client.send(wire, 'GET', '/me')
  const first = await wire.response().catch(() => undefined)
  expect(['', 'said', '"said"', CUT]).toContain(first?.body ?? '')
  expect(first?.bytes.toString() ?? '').not.toMatch(/error page|again|whole|Location|X-Late/i)
  const second = first?.complete === true ? await wire.response().catch(() => undefined) : undefined
  expect(second === undefined || second.status === 200).toBe(true)
  wire.abort()
  expect(json(await client.get('/me')), 'the next connection is as good as ever').toMatchObject({
    subject: 'alice',
  })
})

test('a response that waits says what it would without us: sent, and ended', async () => {
  const said: unknown[] = []
  const world = await serve((response) => {
    said.push([response.headersSent, response.writableEnded])
    response.status(201).write('one ')
    said.push([response.headersSent, response.writableEnded])
    response.status(500)
    response.end('two')
    said.push([response.headersSent, response.writableEnded])
  })
  const answer = await (await alice(world)).post('/')
  expect(said).toEqual([
    [false, false],
    [true, false],
    [true, true],
  ])
  expect(answer, 'the status is the one at the first write').toMatchObject({ status: 201, body: 'one two' })
})

test('the application’s own error page answers, with the sign-in’s cookie and without the change', async () => {
  const world = await serve(
    async (_, session) => {
      await session.signIn('bob')
      session.set('theme', 'never kept')
      failing()
    },
    (app) =>
      app.use(((_error, _request, response, _next) => {
        response.status(500).send('sorry')
      }) satisfies ErrorRequestHandler),
  )
  const client = await alice(world)
  const [first, second] = await answers(client, 'POST', '/')
  expect(first).toMatchObject({ status: 500, body: 'sorry' })
  expect(second).toBeDefined()
  expect(json(await client.get('/me'))).toMatchObject({ subject: 'bob', data: {} })
})

test('Express’s own 404 and its own 500 are answers like any other', async () => {
  const world = await serve(() => failing())
  const client = await alice(world)
  expect((await answers(client, 'POST', '/nowhere'))[0].status).toBe(404)
  expect((await answers(client, 'POST', '/'))[0].status).toBe(500)
  expect(json(await client.get('/me')).data).toEqual({})
})

test('a refused write and a check that nobody can make reach no handler, and no handler’s headers', async () => {
  const reached: string[] = []
  const world = await startWorld({
    peek: false,
    listener(sessions, onError) {
      const attached = expressSessions(sessions, { onError })
      const app = createApp()
      app.use(attached)
      app.post(
        '/login',
        async (request, response) => void response.send(await routes.logIn(attached.of(request))),
      )
      app.use((request, response) => {
        reached.push(request.method)
        response.send('reached')
      })
      return app
    },
  })
  const client = await alice(world)
  const crossing = await client.post('/', { headers: [['Sec-Fetch-Site', 'cross-site']] })
  world.store.faults.fail({ on: 'read', times: Number.POSITIVE_INFINITY })
  expect([crossing.status, (await client.get('/')).status]).toEqual([403, 503])
  expect(reached).toEqual([])
})

describe('below a mount', () => {
  async function mounted(exempt: string): Promise<World> {
    return await startWorld({
      options: { csrf: { unsafeExemptPaths: [exempt] } },
      listener(sessions, onError) {
        const attached = expressSessions(sessions, { onError })
        const inner = Router().use(
          attached,
          (request, response) => void response.send(attached.of(request).subject ?? 'nobody'),
        )
        return createApp().use('/admin', Router().use('/deep', inner))
      },
    })
  }

  test.each([
    ['/admin/deep/webhooks', 200],
    ['/webhooks', 403],
    ['/deep/webhooks', 403],
  ])('an exempt path is the whole one: %s', async (exempt, status) => {
    const world = await mounted(exempt)
    const headers = [['Sec-Fetch-Site', 'cross-site']] as const
    expect((await world.browser().post('/admin/deep/webhooks/mail?x=1', { headers })).status).toBe(status)
    const told = world.events.filter(({ name }) => name === 'csrf.rejected').map(({ event }) => event)
    const path = '/admin/deep/webhooks/mail'
    expect(told).toMatchObject(status === 403 ? [{ path }] : [])
  })
})

function failing(): never {
  throw new Error('the handler failed')
}
