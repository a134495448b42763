import { createServer } from 'node:http'
import { withSessions } from 'sojourn/node'
import type { AdapterUnderTest } from '../adapter-under-test.ts'

export const node: AdapterUnderTest = {
  name: 'node',
  serve: (sessions, answer) =>
    createServer(
      withSessions(sessions, async (request, response, session) => {
        const { status, body } = await answer({ path: request.url ?? '/', session })
        response.writeHead(status, { 'content-type': 'application/json' })
        response.end(JSON.stringify(body))
      }),
    ),
}
