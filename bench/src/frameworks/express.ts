import createApp from 'express'
import { expressSessions } from 'sojourn/express'
import type { Framework } from '../frameworks.ts'
import { answerFor } from '../target.ts'

export const express: Framework = {
  bare() {
    const app = createApp()
    app.get('/', (_request, response) => void response.json(answerFor('somebody')))
    return app
  },
  withSessions(sessions) {
    const app = createApp()
    const attached = expressSessions(sessions)
    app.use(attached)
    app.get('/', (request, response) => void response.json(answerFor(attached.of(request).subject ?? '')))
    return app
  },
}
