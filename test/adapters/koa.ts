import createApp from 'koa'
import { problemOf } from 'sojourn'
import { koaSessions } from 'sojourn/koa'
import { Readable } from 'node:stream'
import { type Adapter, adapterOptions, targetUrl } from './adapter.ts'

export const koa: Adapter = {
  name: 'koa',
  listener(sessions, handler, options) {
    const attached = koaSessions(sessions, { onError: options.onError, ...adapterOptions(options) })
    const app = new createApp()
    app.silent = true
    app.use(async (context, next) => {
      try {
        await next()
      } catch (error) {
        const known = problemOf(error)
        if (known === undefined) options.onError(error)
        context.status = known?.status ?? 500
        context.set({ ...known?.headers })
        context.body = known?.body ?? ''
      }
    })
    app.use(attached)
    app.use(async (context) => {
      const visit = { method: context.method, url: targetUrl(context.url), session: attached.of(context) }
      const { status = 200, headers = [], body = '' } = await handler(visit)
      context.status = status
      for (const [name, value] of headers) context.append(name, value)
      context.body = typeof body === 'string' ? body : Readable.from(body)
    })
    const callback = app.callback()
    return (request, response) => void callback(request, response)
  },
}
