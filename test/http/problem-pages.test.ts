/** `onProblem` of each framework's adapter: a page where problem JSON would have been, whatever the reason. */
import { getRequestListener } from '@hono/node-server'
import createExpress from 'express'
import createFastify from 'fastify'
import { Hono } from 'hono'
import createKoa from 'koa'
import type { RequestListener } from 'node:http'
import type { Problem } from 'sojourn'
import { expressSessions } from 'sojourn/express'
import { fastifySessions } from 'sojourn/fastify'
import { honoSessions } from 'sojourn/hono'
import { koaSessions } from 'sojourn/koa'
import type { NodeOptions } from 'sojourn/node'
import { describe, expect, test } from 'vitest'
import type { AppHandle, AppSessions } from './harness/adapters.ts'
import type { Browser } from './harness/browser.ts'
import { signal, type Signal } from './harness/signal.ts'
import { header, headerLines, type WireResponse } from './harness/wire.ts'
import { startWorld, type World } from './harness/world.ts'

type Build = (
  sessions: AppSessions,
  slow: Signal,
  nodePage: Pick<NodeOptions, 'onProblem'>,
) => RequestListener | Promise<RequestListener>

const page = ({ status }: Problem): string => `<p>A page for ${status}`
const HTML = { 'content-type': 'text/html' }
type OnProblem = NonNullable<NodeOptions['onProblem']>

const atOnce: OnProblem = (problem, _, response) => {
  response.writeHead(problem.status, { ...problem.headers, ...HTML }).end(page(problem))
}

const bitByBit: OnProblem = (problem, _, response) => {
  response.statusCode = problem.status
  for (const [name, value] of Object.entries({ ...problem.headers, ...HTML })) response.setHeader(name, value)
  response.end(page(problem))
}

const later: OnProblem = (problem, _, response) => {
  setImmediate(() => {
    response.writeHead(problem.status, { ...problem.headers, ...HTML })
    response.write(page(problem).slice(0, 3))
    response.end(page(problem).slice(3))
  })
}

/** What every application does: `/login`, `/change`, and `/slow`, which changes after a while. */
async function act(path: string, session: AppHandle, slow: Signal): Promise<string> {
  if (path === '/login') await session.signIn('alice')
  if (path === '/slow') {
    void session.subject
    await slow.reached()
  }
  if (path === '/change' || path === '/slow') session.set('note', 'x')
  return 'the handler'
}

const BUILDS: Readonly<Record<string, Build>> = {
  express(sessions, slow, nodePage) {
    const attached = expressSessions(sessions, nodePage)
    return createExpress()
      .use(attached)
      .use(async (request, response) => {
        response.set('X-Handler', '1').send(await act(request.path, attached.of(request), slow))
      })
  },
  async fastify(sessions, slow, nodePage) {
    const app = createFastify()
    const attached = fastifySessions(sessions, nodePage)
    await app.register(attached)
    app.all('/*', async (request, reply) => {
      reply.header('X-Handler', '1')
      return await act(request.url, attached.of(request), slow)
    })
    await app.ready()
    return (request, response) => app.routing(request, response)
  },
  koa(sessions, slow, nodePage) {
    const attached = koaSessions(sessions, nodePage)
    const app = new createKoa()
    app.use(attached).use(async (context) => {
      context.set('X-Handler', '1')
      context.body = await act(context.path, attached.of(context), slow)
    })
    const callback = app.callback()
    return (request, response) => void callback(request, response)
  },
  hono(sessions, slow) {
    const onProblem = (problem: Problem): Response =>
      new Response(page(problem), { status: problem.status, headers: { ...problem.headers, ...HTML } })
    const app = new Hono().use(honoSessions(sessions, { onProblem })).all('*', async (context) => {
      context.header('X-Handler', '1')
      return context.text(await act(context.req.path, context.var.session, slow))
    })
    const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false })
    return (request, response) => void listener(request, response)
  },
}

/** Answers whether `Retry-After` was there. */
function isPage(answer: WireResponse, status: number): boolean {
  expect(answer).toMatchObject({ status, body: `<p>A page for ${status}`, complete: true })
  expect(headerLines(answer, 'content-type')).toEqual(['text/html'])
  expect(headerLines(answer, 'cache-control')).toEqual(['no-store'])
  expect(headerLines(answer, 'set-cookie'), 'the cookie is left alone').toEqual([])
  expect(header(answer, 'x-handler')).toBeUndefined()
  return header(answer, 'retry-after') !== undefined
}

const rows = Object.entries(BUILDS).flatMap(([name, build]) =>
  Object.entries(name === 'hono' ? { atOnce } : { atOnce, bitByBit, later }).map(
    ([how, onProblem]) => [name, how, build, onProblem] as const,
  ),
)

describe.each(rows)('%s, written %s', (_name, _how, build, onProblem) => {
  async function start(): Promise<World & { readonly alice: Browser; readonly slow: Signal }> {
    const slow = signal()
    const world = await startWorld({
      peek: false,
      listener: (sessions) => build(sessions, slow, { onProblem }),
    })
    const alice = world.browser()
    await alice.post('/login')
    return { ...world, alice, slow }
  }

  test('for a write of another site: 403', async () => {
    const { alice } = await start()
    const answer = await alice.post('/change', { headers: [['Sec-Fetch-Site', 'cross-site']] })
    expect(isPage(answer, 403)).toBe(false)
  })

  test('for a check that the store does not answer: 503 with Retry-After', async () => {
    const { alice, store } = await start()
    store.faults.fail({ times: Number.POSITIVE_INFINITY })
    const answer = await alice.get('/')
    expect(isPage(answer, 503)).toBe(true)
  })

  test('for a commit that the store does not answer: 503 with Retry-After, nothing of the handler’s', async () => {
    const { alice, store } = await start()
    store.faults.fail({ on: 'commit', times: Number.POSITIVE_INFINITY })
    store.faults.fail({ on: 'list', times: Number.POSITIVE_INFINITY })
    const answer = await alice.post('/change')
    expect(isPage(answer, 503)).toBe(true)
  })

  test('for a session that ended meanwhile: 401, nothing of the handler’s', async () => {
    const { alice, sessions, slow } = await start()
    const wire = await alice.begin('POST', '/slow')
    await slow.arrived
    await sessions.revokeAll('alice')
    slow.go()
    expect(isPage(alice.take(await wire.response()), 401)).toBe(false)
  })
})
