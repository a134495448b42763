import createApp, { type FastifyServerOptions } from 'fastify'
import { problemOf } from 'sojourn'
import { fastifySessions } from 'sojourn/fastify'
import type { RequestListener } from 'node:http'
import { Readable } from 'node:stream'
import { type Adapter, adapterOptions, targetUrl } from './adapter.ts'

export const fastify: Adapter = fastifyWith({})

/** What Fastify is told when its server speaks HTTP/2. */
export const fastifyHttp2: Adapter = fastifyWith({ http2: true })

function fastifyWith(own: FastifyServerOptions & { readonly http2?: true }): Adapter {
  return { name: 'fastify', listener: (...parts) => listener(own, ...parts) }
}

async function listener<Data, Attributes extends object>(
  own: FastifyServerOptions,
  ...[sessions, handler, options]: Parameters<typeof fastify.listener<Data, Attributes>>
): Promise<RequestListener> {
  const attached = fastifySessions(sessions, { onError: options.onError, ...adapterOptions(options) })
  const app = createApp({ ...own, exposeHeadRoutes: false })
  app.register(attached)
  app.setErrorHandler((error, _request, reply) => {
    const known = problemOf(error)
    if (known === undefined) options.onError(error)
    return reply
      .code(known?.status ?? 500)
      .headers(known?.headers ?? {})
      .send(known?.body ?? '')
  })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))
  app.all('/*', async (request, reply) => {
    const visit = { method: request.method, url: targetUrl(request.url), session: attached.of(request) }
    const { status = 200, headers = [], body = '' } = await handler(visit)
    reply.code(status)
    for (const [name, value] of headers) reply.header(name, value)
    return reply.send(typeof body === 'string' ? body : Readable.from(body))
  })
  await app.ready()
  return (request, response) => app.routing(request, response)
}
