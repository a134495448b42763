/** Each adapter's option `mode`, with a store that keeps copies and another process that ends the session. */
import type { IncomingMessage, RequestListener } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import createExpress from 'express'
import createFastify from 'fastify'
import { Hono } from 'hono'
import createKoa, { type Context } from 'koa'
import type { ReadMode, SessionStore } from 'sojourn'
import { expressSessions } from 'sojourn/express'
import { fastifySessions } from 'sojourn/fastify'
import { honoSessions } from 'sojourn/hono'
import { koaSessions } from 'sojourn/koa'
import { withSessions } from 'sojourn/node'
import { memoryStore } from 'sojourn/stores/memory'
import { tieredStore } from 'sojourn/stores/tiered'
import { describe, expect, test } from 'vitest'
import type { AppHandle, AppSessions } from './harness/adapters.ts'
import { startLive } from './harness/live.ts'
import type { StoreKind } from './harness/stores.ts'
import { newSessions, startWorld, type World } from './harness/world.ts'

/** Every path says who is there; `POST /login` signs Alice in. */
async function greeting(session: AppHandle, method: string | undefined): Promise<string> {
  if (method === 'POST') await session.signIn('alice')
  return session.subject ?? 'nobody'
}

type Mode = ReadMode | ((path: string) => ReadMode)

const asked = <Target>(mode: Mode, pathOf: (target: Target) => string | undefined) =>
  typeof mode === 'string' ? mode : (target: Target) => mode(pathOf(target) ?? '')

const BUILDS: Readonly<
  Record<string, (sessions: AppSessions, mode: Mode) => RequestListener | Promise<RequestListener>>
> = {
  node: (sessions, mode) =>
    withSessions(
      sessions,
      async (request, response, session) => {
        const text = await greeting(session, request.method)
        response.end(text)
      },
      { mode: asked(mode, (request: IncomingMessage) => request.url) },
    ),
  express(sessions, mode) {
    const attached = expressSessions(sessions, {
      mode: asked(mode, (request: IncomingMessage) => request.url),
    })
    return createExpress()
      .use(attached)
      .use(async (request, response) => {
        const text = await greeting(attached.of(request), request.method)
        response.end(text)
      })
  },
  async fastify(sessions, mode) {
    const attached = fastifySessions(sessions, { mode: asked(mode, (request) => request.originalUrl) })
    const app = createFastify()
    app.register(attached)
    app.all('*', async (request) => greeting(attached.of(request), request.method))
    await app.ready()
    return (request, response) => app.routing(request, response)
  },
  koa(sessions, mode) {
    const attached = koaSessions(sessions, { mode: asked(mode, (context: Context) => context.path) })
    const callback = new createKoa()
      .use(attached)
      .use(async (context) => void (context.body = await greeting(attached.of(context), context.method)))
      .callback()
    return (request, response) => void callback(request, response)
  },
  hono(sessions, mode) {
    const app = new Hono()
      .use(honoSessions(sessions, { mode: asked(mode, (context) => context.req.path) }))
      .all('*', async (context) => context.text(await greeting(context.var.session, context.req.method)))
    const serve = getRequestListener(app.fetch, { overrideGlobalObjects: false })
    return (request, response) => void serve(request, response)
  },
}

const tiered: StoreKind = {
  name: 'tiered',
  open(environment) {
    const store = tieredStore({ hot: memoryStore({ environment }), environment })
    return { store, path: undefined, close: () => store.close() }
  },
}

/** Another process ends Alice's sessions. */
async function endElsewhere({ store, environment }: World): Promise<void> {
  const { authority } = store as never as { readonly authority: SessionStore }
  await newSessions(authority, environment).revokeAll('alice')
}

interface Given {
  readonly world: World
  /** Alice's sessions are ended by another process; here is a copy of hers. */
  readonly whoIsAt: (path: string) => Promise<string>
}

async function endedElsewhere(
  listener: (sessions: AppSessions) => RequestListener | Promise<RequestListener>,
): Promise<Given> {
  const world = await startWorld({ store: tiered, listener })
  const alice = world.browser()
  await alice.post('/login')
  for (let visit = 0; visit < 2; visit++) expect((await alice.get('/')).body).toBe('alice')
  await endElsewhere(world)
  return { world, whoIsAt: async (path) => (await alice.get(path)).body }
}

describe.each(Object.entries(BUILDS))('%s', (_name, build) => {
  test('a request is checked as late as its mode allows', async () => {
    const modeOf = (path: string): ReadMode => (path.startsWith('/account') ? 'strict' : 'bounded')
    const { world, whoIsAt } = await endedElsewhere((sessions) => build(sessions, modeOf))
    expect(await whoIsAt('/')).toBe('alice')
    expect(await whoIsAt('/account')).toBe('nobody')
    expect(await whoIsAt('/')).toBe('alice')
    await world.environment.advance(5_000)
    expect(await whoIsAt('/')).toBe('nobody')
  })

  test('`strict` is for all requests', async () => {
    const { whoIsAt } = await endedElsewhere((sessions) => build(sessions, 'strict'))
    expect(await whoIsAt('/')).toBe('nobody')
  })
})

test('node: a function that throws is told to `onError`, and the check is strict', async () => {
  const told: unknown[] = []
  const { whoIsAt } = await endedElsewhere((sessions) =>
    withSessions(
      sessions,
      async (request, response, session) => {
        const text = await greeting(session, request.method)
        response.end(text)
      },
      {
        mode(request) {
          if (request.url === '/broken') throw new TypeError('no such route')
          return 'bounded'
        },
        onError: (error) => told.push(error),
      },
    ),
  )
  expect(await whoIsAt('/')).toBe('alice')
  expect(told).toEqual([])
  expect(await whoIsAt('/broken')).toBe('nobody')
  expect(told).toEqual([new TypeError('no such route')])
})

test('a handshake is checked as late as its mode allows', async () => {
  for (const [mode, answer] of [
    ['bounded', 'alice'],
    ['strict', '401'],
  ] as const) {
    const world = await startLive({ store: tiered, upgrade: { mode } })
    const alice = world.browser()
    await alice.post('/login?user=alice')
    for (let visit = 0; visit < 2; visit++) await alice.get('/me')
    await endElsewhere(world)
    expect(await world.connect(alice).opened).toBe(answer)
  }
})
