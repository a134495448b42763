/** The same middleware in front of an application and again in front of a part of it. */
import { getRequestListener } from '@hono/node-server'
import createExpress, { Router } from 'express'
import { Hono } from 'hono'
import createKoa from 'koa'
import { expressSessions } from 'sojourn/express'
import { honoSessions } from 'sojourn/hono'
import { koaSessions } from 'sojourn/koa'
import type { RequestListener } from 'node:http'
import { describe, expect, test } from 'vitest'
import type { AppSessions } from './harness/adapters.ts'
import { json } from './harness/browser.ts'
import { setCookies } from './harness/set-cookie.ts'
import { startWorld } from './harness/world.ts'

/** `/login`, `/me`, and `/below/step-up`, which counts above and elevates below. Fastify refuses to register it twice. */
const BUILDS: Readonly<Record<string, (sessions: AppSessions) => RequestListener>> = {
  express(sessions) {
    const attached = expressSessions(sessions)
    const app = createExpress().use(attached)
    app.post('/login', async (request, response) => {
      await attached.of(request).signIn('alice')
      response.end()
    })
    app.use((request, _response, next) => {
      if (request.method === 'POST') attached.of(request).increment('count')
      next()
    })
    const below = Router().use(attached)
    below.post('/step-up', async (request, response) => {
      response.json(await kindOf(attached.of(request)))
    })
    app.use('/below', below)
    app.get('/me', (request, response) => void response.json(stateOf(attached.of(request))))
    return app
  },
  koa(sessions) {
    const attached = koaSessions(sessions)
    const app = new createKoa().use(attached)
    app.use(async (context, next) => {
      if (context.path === '/login') {
        await attached.of(context).signIn('alice')
        context.status = 200
        return
      }
      if (context.method === 'POST') attached.of(context).increment('count')
      await next()
    })
    app.use(attached)
    app.use(async (context) => {
      const session = attached.of(context)
      context.body = context.path === '/me' ? stateOf(session) : await kindOf(session)
    })
    const callback = app.callback()
    return (request, response) => void callback(request, response)
  },
  hono(sessions) {
    const attached = honoSessions(sessions)
    const app = new Hono().use(attached)
    app.post('/login', async (context) => {
      await context.var.session.signIn('alice')
      return context.text('')
    })
    app.use(async (context, next) => {
      if (context.req.method === 'POST') context.var.session.increment('count')
      await next()
    })
    app.use('/below/*', attached)
    app.post('/below/step-up', async (context) => context.json(await kindOf(context.var.session)))
    app.get('/me', (context) => context.json(stateOf(context.var.session)))
    const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false })
    return (request, response) => void listener(request, response)
  },
}

type Handle = Awaited<ReturnType<AppSessions['get']>>

async function kindOf(session: Handle): Promise<object> {
  return { kind: (await session.elevate({ aal: 2 })).kind }
}

const stateOf = (session: Handle): object => ({
  subject: session.subject ?? null,
  count: session.data.count ?? 0,
  aal: session.session?.aal ?? 0,
})

describe.each(Object.entries(BUILDS))('%s', (_name, build) => {
  test.each([true, false])(
    'is one handle, and nobody is signed out by it (checked at once: %s)',
    async (peek) => {
      const world = await startWorld({ peek, listener: (sessions) => build(sessions) })
      const alice = world.browser()
      await alice.post('/login')
      const answer = await alice.post('/below/step-up')
      expect(answer.status).toBe(200)
      expect(json(answer)).toEqual({ kind: 'changed' })
      expect(setCookies(answer)).toHaveLength(1)
      expect(json(await alice.get('/me'))).toEqual({ subject: 'alice', count: 1, aal: 2 })
    },
  )
})
