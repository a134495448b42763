/** A server of web-standard handlers over `node:http`, as small as it can be. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { RequestFacts } from 'sojourn'
import { drained } from './draining.ts'

export type WebHandler = (request: Request, facts: RequestFacts) => Promise<Response>

export function requestBridge(handler: WebHandler, onError: (error: unknown) => void): RequestListener {
  return (incoming, outgoing) => {
    serve(handler, incoming, outgoing).catch((error: unknown) => {
      onError(error)
      if (outgoing.headersSent) outgoing.destroy()
      else outgoing.writeHead(500).end()
    })
  }
}

async function serve(
  handler: WebHandler,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const client = new AbortController()
  outgoing.once('close', () => client.abort())
  const request = requestOf(incoming, client.signal)
  if (request === undefined) {
    outgoing.writeHead(400).end()
    return
  }
  const address = incoming.socket.remoteAddress
  await send(await handler(request, address === undefined ? {} : { address }), outgoing)
}

function requestOf(
  { method = 'GET', url = '/', headers, rawHeaders, socket }: IncomingMessage,
  signal: AbortSignal,
): Request | undefined {
  const all = new Headers()
  for (let index = 0; index < rawHeaders.length; index += 2)
    all.append(rawHeaders[index] as string, rawHeaders[index + 1] as string)
  const scheme = 'encrypted' in socket ? 'https' : 'http'
  const target = `${scheme}://${headers.host ?? 'invalid'}${url}`
  return URL.canParse(target) && !['TRACE', 'CONNECT'].includes(method)
    ? new Request(target, { method, headers: all, signal })
    : undefined
}

async function send(response: Response, outgoing: ServerResponse): Promise<void> {
  outgoing.statusCode = response.status
  for (const [name, value] of response.headers) outgoing.appendHeader(name, value)
  for await (const piece of response.body ?? []) {
    if (!outgoing.write(piece)) await drained(outgoing)
    if (outgoing.destroyed) return
  }
  outgoing.end()
}
