import { withSessions } from 'sojourn/node'
import type { Framework } from '../frameworks.ts'
import { bodyFor } from '../target.ts'

export const node: Framework = {
  bare: () => (_request, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(bodyFor('somebody'))
  },
  withSessions: (sessions) =>
    withSessions(sessions, (_request, response, session) => {
      response.setHeader('content-type', 'application/json')
      response.end(bodyFor(session.subject ?? ''))
    }),
}
