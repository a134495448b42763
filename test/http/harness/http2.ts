/**
 * A client of HTTP/2 with a cookie jar, which lints every response. Each cookie is a header line of its own, as
 * browsers send them.
 */
import { connect, type IncomingHttpHeaders, type IncomingHttpStatusHeader } from 'node:http2'
import { onTestFinished } from 'vitest'
import { linter, setCookies } from './set-cookie.ts'
import type { WireResponse } from './wire.ts'

interface Http2Exchange {
  /** Resolves with what has come when the stream has closed. */
  response(): Promise<WireResponse>
  /** How many bytes of the body have come. */
  readonly waiting: number
  /** Whether the head of the response has come. */
  readonly begun: boolean
  /** Cuts the stream off; the connection stays. */
  abort(): void
  pause(): void
  resume(): void
}

export interface Http2Browser {
  readonly jar: Map<string, string>
  get(target: string): Promise<WireResponse>
  post(target: string): Promise<WireResponse>
  begin(method: string, target: string): Http2Exchange
  /** Cuts its connection off. */
  leave(): void
  /** Another browser, over a connection of its own, with the same cookies. */
  copy(): Http2Browser
}

export interface Http2Options {
  readonly port: number
  readonly tls?: boolean
  readonly jar?: ReadonlyMap<string, string>
}

export function createHttp2Browser(options: Http2Options): Http2Browser {
  const { port, tls = false } = options
  const jar = new Map(options.jar)
  const connection = connect(`${tls ? 'https' : 'http'}://localhost:${port}`, { rejectUnauthorized: false })
  connection.on('error', () => {})
  onTestFinished(() => connection.destroy())

  function begin(method: string, target: string): Http2Exchange {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`)
    const stream = connection.request({ ':method': method, ':path': target, cookie })
    const pieces: Buffer[] = []
    let head: IncomingHttpHeaders & IncomingHttpStatusHeader = {}
    stream.on('response', (headers) => (head = headers))
    stream.on('data', (piece: Buffer) => pieces.push(piece))
    stream.on('error', () => {})
    const closed = new Promise<void>((resolve) => stream.once('close', resolve))
    stream.end()
    return {
      get waiting() {
        return Buffer.concat(pieces).length
      },
      get begun() {
        return head[':status'] !== undefined
      },
      abort: () => stream.close(8),
      pause: () => void stream.pause(),
      resume: () => void stream.resume(),
      async response() {
        await closed
        return taken(responseOf(head, Buffer.concat(pieces), stream.rstCode === 0), jar)
      },
    }
  }

  return {
    jar,
    begin,
    leave: () => connection.destroy(),
    get: async (target) => await begin('GET', target).response(),
    post: async (target) => await begin('POST', target).response(),
    copy: () => createHttp2Browser({ ...options, jar }),
  }
}

function responseOf(
  { ':status': status = 0, ...headers }: IncomingHttpHeaders & IncomingHttpStatusHeader,
  bytes: Buffer,
  complete: boolean,
): WireResponse {
  const lines = Object.entries(headers).flatMap(([name, value = '']) =>
    [value].flat().map((each) => [name, each] as const),
  )
  return { status, headers: lines, body: bytes.toString(), raw: bytes, complete, bytes }
}

function taken(response: WireResponse, jar: Map<string, string>): WireResponse {
  linter()(response)
  for (const { name, value, attributes } of setCookies(response)) {
    if (attributes.get('max-age') === '0') jar.delete(name)
    else jar.set(name, value)
  }
  return response
}
