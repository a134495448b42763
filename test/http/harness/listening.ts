/** Servers on free ports of this machine: HTTP/1.1 or HTTP/2, in the clear or not. */
import { createServer, type RequestListener } from 'node:http'
import { createServer as createHttp2Server, createSecureServer, type Http2ServerRequest } from 'node:http2'
import { createServer as createTlsServer } from 'node:https'
import { readFileSync } from 'node:fs'
import type { AddressInfo, Server, Socket } from 'node:net'

export interface ListenOptions {
  readonly tls?: boolean
  /** HTTP/2; with TLS, HTTP/1.1 as well. */
  readonly http2?: boolean
  /** Most bytes that a request's head may have; default node's. */
  readonly maxHeaderSize?: number
}

export interface Listening {
  readonly server: Server
  readonly port: number
  /** Ends it, and every connection that it has. */
  readonly close: () => void
}

/** The caller closes it. */
export async function listen(listener: RequestListener, options: ListenOptions = {}): Promise<Listening> {
  const server = serverOf(listener, options)
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    server,
    port: (server.address() as AddressInfo).port,
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

function serverOf(
  listener: RequestListener,
  { tls = false, http2 = false, maxHeaderSize }: ListenOptions,
): Server {
  const limits = maxHeaderSize === undefined ? {} : { maxHeaderSize }
  // What HTTP/2 hands to a listener has the interface of HTTP/1.1.
  const either = listener as unknown as (request: Http2ServerRequest, response: unknown) => void
  if (!tls) return http2 ? createHttp2Server(either) : createServer(limits, listener)
  const pem = readFileSync(new URL('./localhost.pem', import.meta.url))
  const secure = { cert: pem, key: pem }
  return http2
    ? createSecureServer({ ...secure, allowHTTP1: true }, either)
    : createTlsServer({ ...limits, ...secure }, listener)
}
