/** Web-standard handlers, `Request` in and `Response` out, behind the bridge of `@hono/node-server`. */
import { getRequestListener } from '@hono/node-server'
import type { Framework } from '../frameworks.ts'
import { answerFor } from '../target.ts'

export const web: Framework = {
  bare: () => getRequestListener(() => Response.json(answerFor('somebody'))),
  withSessions: (sessions) =>
    getRequestListener((request) =>
      sessions.respond(request, (session) => Response.json(answerFor(session.subject ?? ''))),
    ),
}
