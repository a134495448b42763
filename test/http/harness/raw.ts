/** Applications whose handlers have Node's own response in their hands, for every adapter that has one. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import createExpress from 'express'
import createFastify from 'fastify'
import createKoa from 'koa'
import { expressSessions } from 'sojourn/express'
import { fastifySessions } from 'sojourn/fastify'
import { koaSessions } from 'sojourn/koa'
import { type NodeOptions, withSessions } from 'sojourn/node'
import { afterEach } from 'vitest'
import type { AppHandle, AppSessions } from './adapters.ts'
import { createHttp2Browser } from './http2.ts'
import { startWorld, type World, type WorldOptions } from './world.ts'

interface Raw {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly session: AppHandle
}

export type RawHandler = (raw: Raw) => void | Promise<void>

type Build = (
  sessions: AppSessions,
  handler: RawHandler,
  options: Omit<NodeOptions, 'mode'>,
) => RequestListener | Promise<RequestListener>

interface RawServer {
  readonly name: string
  readonly http2: boolean
  readonly build: Build
}

const node: Build = (sessions, handler, options) =>
  withSessions(sessions, (request, response, session) => handler({ request, response, session }), options)

/** For `describe.each`. */
export const RAW: readonly RawServer[] = [
  { name: 'node', http2: false, build: node },
  { name: 'node over HTTP/2', http2: true, build: node },
  {
    name: 'express',
    http2: false,
    build(sessions, handler, options) {
      const attached = expressSessions(sessions, options)
      const app = createExpress()
      app.set('env', 'test') // its error handler is silent then
      app.use(attached)
      app.use(async (request, response) => {
        await handler({ request, response, session: attached.of(request) })
      })
      return app
    },
  },
  {
    name: 'fastify',
    http2: false,
    async build(sessions, handler, options) {
      const attached = fastifySessions(sessions, options)
      const app = createFastify()
      await app.register(attached)
      app.all('/*', async (request, reply) => {
        reply.hijack()
        await handler({ request: request.raw, response: reply.raw, session: attached.of(request) })
      })
      await app.ready()
      return (request, response) => app.routing(request, response)
    },
  },
  {
    name: 'koa',
    http2: false,
    build(sessions, handler, options) {
      const attached = koaSessions(sessions, options)
      const app = new createKoa()
      app.silent = true
      app.use(attached).use(async (context) => {
        context.respond = false
        context.res.statusCode = 200
        await handler({ request: context.req, response: context.res, session: attached.of(context) })
      })
      const callback = app.callback()
      return (request, response) => void callback(request, response)
    },
  },
]

export interface RawOptions
  extends Omit<NodeOptions, 'onError' | 'mode'>,
    Pick<WorldOptions, 'peek' | 'options'> {}

export interface RawWorld extends World {
  /** A browser that speaks what the server speaks. */
  readonly client: () => Pick<ReturnType<typeof createHttp2Browser>, 'get' | 'post' | 'jar'>
}

/** `/login` signs alice in; everything else is the handler's. */
export async function startRaw(
  { build, http2 }: RawServer,
  handler: RawHandler,
  { peek = true, options, ...nodeOptions }: RawOptions = {},
): Promise<RawWorld> {
  const route: RawHandler = async (raw) => {
    if (raw.request.url !== '/login') return await handler(raw)
    await raw.session.signIn('alice')
    raw.response.end()
  }
  const world = await startWorld({
    http2,
    peek,
    ...(options && { options }),
    listener: (sessions, onError) => build(sessions, route, { onError, ...nodeOptions }),
  })
  return {
    ...world,
    client: () => (http2 ? createHttp2Browser({ port: world.port }) : world.browser()),
  }
}

const escaped: unknown[] = []
process.on('uncaughtExceptionMonitor', (error) => escaped.push(error))

afterEach(() => {
  const uncaught = escaped.splice(0)
  if (uncaught.length > 0) throw new AggregateError(uncaught, 'An exception would have ended the process.')
})
