import Koa from 'koa'
import { koaSessions } from 'sojourn/koa'
import type { Framework } from '../frameworks.ts'
import { answerFor } from '../target.ts'

export const koa: Framework = {
  bare() {
    const app = new Koa()
    app.use((context) => {
      context.body = answerFor('somebody')
    })
    return app.callback()
  },
  withSessions(sessions) {
    const app = new Koa()
    const attached = koaSessions(sessions)
    app.use(attached)
    app.use((context) => {
      context.body = answerFor(attached.of(context).subject ?? '')
    })
    return app.callback()
  },
}
