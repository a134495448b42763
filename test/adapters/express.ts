import createApp, { type ErrorRequestHandler } from 'express'
import { problemOf } from 'sojourn'
import { expressSessions } from 'sojourn/express'
import { type Adapter, adapterOptions, type ServeOptions, targetUrl } from './adapter.ts'
import { sendNode } from './node-answer.ts'

export const express: Adapter = {
  name: 'express',
  listener(sessions, handler, options) {
    const attached = expressSessions(sessions, { onError: options.onError, ...adapterOptions(options) })
    const app = createApp()
    app.disable('x-powered-by')
    app.use(attached)
    app.use(async (request, response) => {
      const visit = { method: request.method, url: targetUrl(request.url), session: attached.of(request) }
      await sendNode(response, await handler(visit))
    })
    app.use(errorPage(options))
    return app
  },
}

/** As an application of Express ends: one handler for what went wrong. */
function errorPage({ onError }: ServeOptions): ErrorRequestHandler {
  return (error, _request, response, _next) => {
    const known = problemOf(error)
    if (known === undefined) onError(error)
    if (response.headersSent) response.destroy()
    else response.writeHead(known?.status ?? 500, known?.headers).end(known?.body)
  }
}
