import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { problemOf } from 'sojourn'
import { honoSessions } from 'sojourn/hono'
import { type Adapter, adapterOptions } from './adapter.ts'
import { responseOf } from './web-answer.ts'

export const hono: Adapter = {
  name: 'hono',
  listener(sessions, handler, options) {
    const app = new Hono().use(honoSessions(sessions, adapterOptions(options))).all('*', async (context) => {
      const { method, url } = context.req
      return responseOf(await handler({ method, url: new URL(url), session: context.var.session }))
    })
    app.onError((error) => {
      const known = problemOf(error)
      if (known === undefined) options.onError(error)
      return new Response(known?.body ?? null, known ?? { status: 500 })
    })
    const serve = getRequestListener(app.fetch, { overrideGlobalObjects: false })
    return (request, response) => void serve(request, response)
  },
}
