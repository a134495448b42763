/** Two realms on one response, one of which is refused: the other one's token reaches its client all the same. */
import { getRequestListener } from '@hono/node-server'
import createExpress from 'express'
import createFastify from 'fastify'
import { Hono } from 'hono'
import createKoa from 'koa'
import { createSessions } from 'sojourn'
import { expressSessions } from 'sojourn/express'
import { fastifySessions } from 'sojourn/fastify'
import { honoSessions } from 'sojourn/hono'
import { koaSessions } from 'sojourn/koa'
import type { RequestListener } from 'node:http'
import { describe, expect, test } from 'vitest'
import type { AppHandle, AppSessions } from './harness/adapters.ts'
import type { Browser } from './harness/browser.ts'
import { header, headerLines, type WireResponse } from './harness/wire.ts'
import { SECRET, startWorld } from './harness/world.ts'

interface Realm {
  readonly sessions: AppSessions
  readonly property: string
}

type Act = (path: string, handle: (property: string) => AppHandle) => Promise<string>
type Build = (realms: readonly Realm[], act: Act) => RequestListener | Promise<RequestListener>

/** The realms are registered in the order given. */
const BUILDS: Readonly<Record<string, Build>> = {
  express(realms, act) {
    const app = createExpress()
    for (const { sessions, property } of realms) app.use(expressSessions(sessions, { property }))
    app.use(async (request, response) => {
      response.set('X-Handler', '1').send(await act(request.path, (property) => at(request, property)))
    })
    return app
  },
  async fastify(realms, act) {
    const app = createFastify()
    for (const { sessions, property } of realms) await app.register(fastifySessions(sessions, { property }))
    app.all('/*', async (request, reply) => {
      reply.header('X-Handler', '1')
      return await act(request.url, (property) => at(request, property))
    })
    await app.ready()
    return (request, response) => app.routing(request, response)
  },
  koa(realms, act) {
    const app = new createKoa()
    for (const { sessions, property } of realms) app.use(koaSessions(sessions, { property }))
    app.use(async (context) => {
      context.set('X-Handler', '1')
      context.body = await act(context.path, (property) => at(context, property))
    })
    const callback = app.callback()
    return (request, response) => void callback(request, response)
  },
  hono(realms, act) {
    const app = new Hono<{ Variables: Record<string, AppHandle> }>()
    for (const { sessions, property } of realms) app.use(honoSessions(sessions, { property }))
    app.all('*', async (context) => {
      context.header('X-Handler', '1')
      return context.text(await act(context.req.path, (property) => context.get(property)))
    })
    const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false })
    return (request, response) => void listener(request, response)
  },
}

function at(holder: object, property: string): AppHandle {
  return (holder as Readonly<Record<string, AppHandle>>)[property] as AppHandle
}

const TOO_MUCH = 'x'.repeat(20_000)

const act: Act = async (path, handle) => {
  const [users, staff] = [handle('session'), handle('staff')]
  if (path === '/login') {
    await users.signIn('alice')
    await staff.signIn('sam')
  }
  if (path === '/set-elevate') users.set('note', TOO_MUCH)
  if (path.endsWith('elevate')) await staff.elevate({ aal: 2 })
  if (path === '/elevate-set' || path === '/elevate-set-both') {
    await staff.elevate({ aal: 2 })
    users.set('note', TOO_MUCH)
  }
  if (path === '/elevate-set-both') staff.set('note', TOO_MUCH)
  return `${users.subject} ${staff.subject} ${staff.session?.aal}`
}

const orders = Object.entries(BUILDS).flatMap(([name, build]) =>
  ['users', 'staff'].map((first) => [name, first, build] as const),
)

describe.each(orders)('%s, %s registered first', (_name, first, build) => {
  async function signedIn(): Promise<Browser> {
    const world = await startWorld({
      listener: (customers, _, { store, environment }) => {
        const staff = createSessions({
          deployment: 'test',
          realm: 'staff',
          secrets: SECRET,
          store,
          environment,
          cookie: { name: '__Host-Http-staff' },
        }) as unknown as AppSessions
        const realms = [
          { sessions: customers, property: 'session' },
          { sessions: staff, property: 'staff' },
        ]
        return build(first === 'users' ? realms : realms.toReversed(), act)
      },
    })
    const client = world.browser()
    await client.post('/login')
    expect((await client.get('/')).body).toBe('alice sam 1')
    return client
  }

  function isProblem(answer: WireResponse): void {
    expect([answer.status, answer.complete]).toEqual([413, true])
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'data_too_large' })
    expect(header(answer, 'content-type')).toMatch(/^application\/problem\+json/)
    expect(headerLines(answer, 'cache-control')).toEqual(['no-store'])
    expect(header(answer, 'x-handler')).toBeUndefined()
  }

  test.each(['/set-elevate', '/elevate-set', '/elevate-set-both'])(
    'POST %s: a problem, and both are signed in with what they have got',
    async (target) => {
      const client = await signedIn()
      const answer = await client.post(target)
      isProblem(answer)
      expect(headerLines(answer, 'set-cookie').map((line) => line.split('=', 1)[0])).toEqual([
        '__Host-Http-staff',
      ])
      expect((await client.get('/')).body).toBe('alice sam 2')
    },
  )

  test('POST /elevate, where nothing is refused: the answer, and one cookie', async () => {
    const client = await signedIn()
    const answer = await client.post('/elevate')
    expect(answer).toMatchObject({ status: 200, body: 'alice sam 2' })
    expect(headerLines(answer, 'set-cookie')).toHaveLength(1)
  })
})
