/** Hono on its own server for Node, `@hono/node-server`. */
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { honoSessions } from 'sojourn/hono'
import type { Framework } from '../frameworks.ts'
import { answerFor } from '../target.ts'

export const hono: Framework = {
  bare() {
    const app = new Hono()
    app.get('/', (context) => context.json(answerFor('somebody')))
    return getRequestListener(app.fetch)
  },
  withSessions(sessions) {
    const app = new Hono().use(honoSessions(sessions))
    app.get('/', (context) => context.json(answerFor(context.var.session.subject ?? '')))
    return getRequestListener(app.fetch)
  },
}
