import { withSessions } from 'sojourn/node'
import { type Adapter, adapterOptions, targetUrl } from './adapter.ts'
import { sendNode } from './node-answer.ts'

export const node: Adapter = {
  name: 'node',
  listener: (sessions, handler, options) =>
    withSessions(
      sessions,
      async (request, response, session) => {
        const visit = { method: request.method ?? 'GET', url: targetUrl(request.url), session }
        await sendNode(response, await handler(visit))
      },
      { onError: options.onError, ...adapterOptions(options) },
    ),
}
