/**
 * Typed sessions through every adapter, without a word to the compiler about the framework. Each line that says so
 * must fail to compile; `adapter-types.test.ts` compiles this file.
 */
import createExpress, { Router } from 'express'
import createFastify from 'fastify'
import { Hono } from 'hono'
import createKoa from 'koa'
import { createServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2'
import { createServer as createHttpServer } from 'node:http'
import type { HandleOf, Sessions } from 'sojourn'
import { expressSessions } from 'sojourn/express'
import { fastifySessions } from 'sojourn/fastify'
import { honoSessions } from 'sojourn/hono'
import { koaSessions } from 'sojourn/koa'
import { upgradeSession, withSessions } from 'sojourn/node'

interface Data {
  readonly theme: 'dark' | 'light'
  readonly count: number
}

interface Attributes {
  readonly role: 'clerk' | 'admin'
}

declare const sessions: Sessions<Data, Attributes>
type Handle = HandleOf<typeof sessions>

/** What a handler may do with a handle, and what not. */
function use(session: Handle): 'dark' | 'light' | undefined {
  session.set('theme', 'dark')
  session.increment('count')
  const role: 'clerk' | 'admin' | undefined = session.attributes.role
  // @ts-expect-error no such theme
  session.set('theme', role)
  // @ts-expect-error no such key
  session.set('nothing', 1)
  // @ts-expect-error no such data
  void session.data.nothing
  return session.data.theme
}

const express = expressSessions(sessions)
const app = createExpress()
app.use(express)
app.use('/below', express, Router().use(express))
app.get('/:id', (request, response) => void response.json(use(express.of(request))))
app.get('/:id', (request) => {
  // @ts-expect-error nobody has said that it is there
  void request.session
})

const fastify = fastifySessions(sessions)
const plain = createFastify()
plain.register(fastify)
plain.get('/', async (request) => use(fastify.of(request)))
plain.post<{ Params: { id: string }; Body: { q: number } }>('/:id', async (request) =>
  use(fastify.of(request)),
)
plain.addHook('preHandler', async (request) => void use(fastify.of(request)))
plain.get('/typed', async (request) => {
  // @ts-expect-error nobody has said that it is there
  void request.session
})
const secure = createFastify({ https: {} })
secure.register(fastify)
secure.get('/', async (request) => use(fastify.of(request)))
const http2 = createFastify({ http2: true, https: { allowHTTP1: true } })
http2.register(fastify)
http2.get('/', async (request) => use(fastify.of(request)))

const koa = koaSessions(sessions)
const bare = new createKoa()
bare.use(koa)
bare.use((context) => void use(koa.of(context)))
const stateful = new createKoa<{ user: string }, { extra: number }>()
stateful.use(koa)
stateful.use((context) => void [use(koa.of(context)), context.state.user, context.extra])

const hono = new Hono()
  .use(honoSessions(sessions))
  .get('/', (context) => context.json({ theme: use(context.var.session) }))
  .get('/too', (context) => context.text(use(context.get('session')) ?? ''))
new Hono<{ Bindings: { KEY: string }; Variables: { user: string } }>()
  .use('*', honoSessions(sessions))
  .get('/:id', (context) => context.json([use(context.var.session), context.env.KEY, context.var.user]))
/** As an application does that gives its types to a client. */
export type App = typeof hono

createHttpServer(
  withSessions(sessions, (request, response, session) => void response.end(use(session) ?? request.url)),
)
createServer(
  withSessions(sessions, (request: Http2ServerRequest, response: Http2ServerResponse, session) => {
    response.stream.end(use(session) ?? request.authority)
  }),
)
createHttpServer().on('upgrade', (request, socket) => {
  void upgradeSession(sessions, request, socket).then((session) => session && use(session))
})

void sessions.get(new Request('https://shop.example/')).then(use)
void sessions.respond(new Request('https://shop.example/'), (session) => new Response(use(session)))
