/** The web-standard core, behind the smallest bridge from `node:http` that works. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AdapterUnderTest } from '../adapter-under-test.ts'

export const web: AdapterUnderTest = {
  name: 'web',
  serve: (sessions, answer) =>
    createServer((incoming, outgoing) => {
      const { pathname, search } = new URL(incoming.url ?? '/', 'http://localhost')
      const answered = sessions.respond(
        asRequest(incoming),
        async (session) => {
          const { status, body } = await answer({ path: pathname + search, session })
          return Response.json(body, { status })
        },
        { address: incoming.socket.remoteAddress ?? '' },
      )
      answered
        .then((response) => send(response, outgoing))
        .catch((error: unknown) => {
          process.stderr.write(`${String(error)}\n`)
          outgoing.writeHead(500).end()
        })
    }),
}

function asRequest({ method = 'GET', url = '/', headers }: IncomingMessage): Request {
  const lines = Object.entries(headers).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  )
  return new Request(`http://${headers.host ?? 'localhost'}${url}`, { method, headers: lines })
}

async function send(response: Response, outgoing: ServerResponse): Promise<void> {
  for (const [name, value] of response.headers) if (name !== 'set-cookie') outgoing.setHeader(name, value)
  outgoing.setHeader('set-cookie', response.headers.getSetCookie())
  outgoing.writeHead(response.status)
  outgoing.end(Buffer.from(await response.arrayBuffer()))
}
