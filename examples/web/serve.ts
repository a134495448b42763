/**
 * Runs the web-standard application on `node:http` or `node:https`, in as few lines as it takes.
 *
 *     SESSION_SECRET=… node examples/web/serve.ts
 */
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { readBody } from '../common/forms.ts'
import { readSettings } from '../common/settings.ts'
import { close, handle } from './app.ts'

const { port, tls, scheme } = readSettings()

const listener: RequestListener = (incoming, outgoing) => {
  serve(incoming, outgoing).catch((error: unknown) => {
    console.error(error)
    outgoing.writeHead(500).end()
  })
}
const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener)

server.listen(port, () => {
  console.log(`${scheme}://localhost:${(server.address() as AddressInfo).port}`)
})

process.once('SIGTERM', () => {
  server.close(() => void close())
})

async function serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const { method = 'GET', url = '/', headers, rawHeaders, socket } = incoming
  const target = `${scheme}://${headers.host}${url}`
  if (!URL.canParse(target) || !['GET', 'HEAD', 'POST'].includes(method)) {
    outgoing.writeHead(400).end()
    return
  }
  const all = new Headers()
  for (let index = 0; index < rawHeaders.length; index += 2)
    all.append(rawHeaders[index] as string, rawHeaders[index + 1] as string)
  const body = method === 'POST' ? await readBody(incoming) : null
  const request = new Request(target, { method, headers: all, body })
  const { remoteAddress } = socket
  const answer = await handle(request, remoteAddress === undefined ? {} : { address: remoteAddress })
  outgoing.statusCode = answer.status
  for (const [name, value] of answer.headers) outgoing.appendHeader(name, value)
  outgoing.end(await answer.text())
}
