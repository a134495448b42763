import createApp from 'fastify'
import { problemOf } from 'sojourn'
import { fastifySessions } from 'sojourn/fastify'
import { Readable } from 'node:stream'
import { type Adapter, adapterOptions, targetUrl } from './adapter.ts'

export const fastify: Adapter = {
  name: 'fastify',
  async listener(sessions, handler, options) {
    const attached = fastifySessions(sessions, { onError: options.onError, ...adapterOptions(options) })
    const app = createApp({ exposeHeadRoutes: false })
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
  },
}
