/** Customers and staff in one application: two realms, two handles on one request, and who may ask for which. */
import createExpress, { type ErrorRequestHandler } from 'express'
import createFastify from 'fastify'
import createKoa from 'koa'
import { createSessions, problemOf } from 'sojourn'
import { expressSessions } from 'sojourn/express'
import { fastifySessions } from 'sojourn/fastify'
import { koaSessions } from 'sojourn/koa'
import { describe, expect, test } from 'vitest'
import type { RequestListener } from 'node:http'
import type { AppSessions } from './harness/adapters.ts'
import { setCookies } from './harness/set-cookie.ts'
import { type World, SECRET, startWorld } from './harness/world.ts'

interface StaffData {
  readonly desk: string
}

type StaffSessions = ReturnType<typeof createSessions<StaffData>>
type Build = (customers: AppSessions, staff: StaffSessions) => RequestListener | Promise<RequestListener>

/** `POST /login` and `/staff/login`, `GET /who`, `/wrong` (asks for the other's handle) and `/before` (before there is any). */
const BUILDS: Readonly<Record<string, Build>> = {
  express(customers, staff) {
    const [ours, theirs] = [expressSessions(customers), expressSessions(staff, { property: 'staff' })]
    const strangers = expressSessions(customers)
    const app = createExpress()
    app.get('/before', (request, response) => void response.send(ours.of(request).subject))
    app.use(ours, theirs)
    app.post('/login', async (request, response) => {
      await ours.of(request).signIn('carol')
      response.end()
    })
    app.post('/staff/login', async (request, response) => {
      await theirs.of(request).signIn('sam', { data: { desk: '7' } })
      ours.of(request).set('note', 'helped')
      response.end()
    })
    app.post('/logout', async (request, response) => {
      await ours.of(request).signOut()
      response.end()
    })
    app.get('/who', (request, response) => {
      const { session, staff: member } = request as unknown as Record<
        'session' | 'staff',
        { subject?: string }
      >
      const [customer, clerk] = [ours.of(request), theirs.of(request)]
      response.json([
        customer.subject,
        clerk.subject,
        clerk.data.desk,
        session === customer,
        member === clerk,
      ])
    })
    app.get('/wrong', (request, response) => void response.send(strangers.of(request).subject))
    app.use(answering)
    return app
  },

  async fastify(customers, staff) {
    const [ours, theirs] = [fastifySessions(customers), fastifySessions(staff, { property: 'staff' })]
    const strangers = fastifySessions(customers)
    const app = createFastify()
    app.setErrorHandler((error, _request, reply) => {
      const known = problemOf(error)
      return reply.code(known?.status ?? 500).send(codeOf(error))
    })
    app.addHook('onRequest', async (request, reply) => {
      if (request.url === '/before') await reply.send(ours.of(request).subject)
    })
    await app.register(ours)
    await app.register(theirs)
    app.post('/login', async (request) => void (await ours.of(request).signIn('carol')))
    app.post('/staff/login', async (request) => {
      await theirs.of(request).signIn('sam', { data: { desk: '7' } })
      ours.of(request).set('note', 'helped')
    })
    app.post('/logout', async (request) => await ours.of(request).signOut())
    app.get('/who', async (request) => {
      const { session, staff: member } = request as unknown as Record<
        'session' | 'staff',
        { subject?: string }
      >
      const [customer, clerk] = [ours.of(request), theirs.of(request)]
      return [customer.subject, clerk.subject, clerk.data.desk, session === customer, member === clerk]
    })
    app.get('/wrong', async (request) => strangers.of(request).subject)
    await app.ready()
    return (request, response) => app.routing(request, response)
  },

  koa(customers, staff) {
    const [ours, theirs] = [koaSessions(customers), koaSessions(staff, { property: 'staff' })]
    const strangers = koaSessions(customers)
    const app = new createKoa()
    app.silent = true
    app.use(async (context, next) => {
      try {
        if (context.path === '/before') context.body = ours.of(context).subject
        else await next()
      } catch (error) {
        context.status = problemOf(error)?.status ?? 500
        context.body = codeOf(error)
      }
    })
    app.use(ours)
    app.use(theirs)
    app.use(async (context) => {
      const [customer, clerk] = [ours.of(context), theirs.of(context)]
      context.status = 200
      if (context.path === '/login') await customer.signIn('carol')
      if (context.path === '/logout') await customer.signOut()
      if (context.path === '/staff/login') {
        await clerk.signIn('sam', { data: { desk: '7' } })
        customer.set('note', 'helped')
      }
      const { session, staff: member } = context as unknown as Record<
        'session' | 'staff',
        { subject?: string }
      >
      if (context.path === '/who')
        context.body = [
          customer.subject,
          clerk.subject,
          clerk.data.desk,
          session === customer,
          member === clerk,
        ]
      if (context.path === '/wrong') context.body = strangers.of(context).subject
    })
    const callback = app.callback()
    return (request, response) => void callback(request, response)
  },
}

const answering: ErrorRequestHandler = (error, _request, response, _next) => {
  response.status(problemOf(error)?.status ?? 500).send(codeOf(error))
}

function codeOf(error: unknown): string {
  return String((error as { readonly code?: unknown }).code)
}

async function start(build: Build): Promise<World> {
  return await startWorld({
    listener: (customers, _, { store, environment }) =>
      build(
        customers,
        createSessions<StaffData>({
          deployment: 'test',
          realm: 'staff',
          secrets: SECRET,
          store,
          environment,
          cookie: { name: '__Host-Http-staff' },
        }),
      ),
  })
}

describe.each(Object.entries(BUILDS))('%s', (_name, build) => {
  test('each realm has its handle, its user and its cookie', async () => {
    const client = (await start(build)).browser()
    await client.post('/login')
    expect((await client.get('/who')).body).toBe('["carol",null,null,true,true]')
    await client.post('/staff/login')
    expect(JSON.parse((await client.get('/who')).body)).toEqual(['carol', 'sam', '7', true, true])
    expect([...client.jar.keys()].toSorted()).toEqual(['__Host-Http-sid', '__Host-Http-staff'])
    await client.post('/logout')
    expect(JSON.parse((await client.get('/who')).body)).toEqual([null, 'sam', '7', true, true])
  })

  test('both change in one request: each is stored, and both cookies leave with one answer', async () => {
    const world = await start(build)
    const client = world.browser()
    const gate = world.store.faults.hold({ on: 'commit', at: 'answer', times: Number.POSITIVE_INFINITY })
    const wire = await client.begin('POST', '/staff/login')
    await gate.arrived()
    gate.releaseOne()
    await gate.arrived(2)
    await world.browser().get('/who')
    expect(wire.waiting, 'the other one is not stored yet').toBe(0)
    gate.release()
    const names = setCookies(client.take(await wire.response())).map(({ name }) => name)
    expect(names.toSorted()).toEqual(['__Host-Http-sid', '__Host-Http-staff'])
    expect(JSON.parse((await client.get('/who')).body)).toEqual([null, 'sam', '7', true, true])
  })

  test.each(['/wrong', '/before'])(
    'GET %s asks for a handle that is not there: NOT_ATTACHED, and a 500',
    async (target) => {
      const client = (await start(build)).browser()
      await client.post('/login')
      expect(await client.get(target)).toMatchObject({ status: 500, body: 'NOT_ATTACHED' })
    },
  )
})
