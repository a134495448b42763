/**
 * HTTP as bytes: a socket that says exactly what a test says, and a parser that keeps every byte it was answered.
 * `fetch` forbids most of what these tests send, and joins what they want to see apart.
 */
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

export interface WireResponse {
  readonly status: number
  /** In the order they came, names in lower case, nothing joined. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: string
  /** The body before anybody took it for text. */
  readonly raw?: Buffer
  /** False when the connection ended in the middle. */
  readonly complete: boolean
  /** All bytes of this response, head included. */
  readonly bytes: Buffer
}

export interface WireOptions {
  readonly tls?: boolean
  /** Sees every response before whoever asked for it does, and throws if it is not as it should be. */
  readonly lint?: (response: WireResponse) => void
}

export interface Wire {
  write(bytes: string | Uint8Array): void
  /** How many bytes have come that no `response` has taken yet. */
  readonly waiting: number
  /** The next response; rejects when the connection ends before its first byte. */
  response(options?: { readonly toHead?: boolean }): Promise<WireResponse>
  /** Resolves when the other side has closed, or cut off, the connection. */
  readonly closed: Promise<void>
  /** Cuts the connection off without a word. */
  abort(): void
  /** Stops or resumes taking bytes from the network, so that the other side meets backpressure. */
  pause(): void
  resume(): void
}

export async function openWire(port: number, options: WireOptions = {}): Promise<Wire> {
  const socket: Socket =
    options.tls === true
      ? connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
      : connect({ port, host: '127.0.0.1' })
  socket.setNoDelay(true)
  await new Promise<void>((resolve, reject) => {
    socket.once(options.tls === true ? 'secureConnect' : 'connect', resolve)
    socket.once('error', reject)
  })
  return wireOver(socket, options)
}

/** Values of a header, one for each line. */
export function headerLines(response: WireResponse, name: string): readonly string[] {
  return response.headers.filter(([key]) => key === name).map(([, value]) => value)
}

export function header(response: WireResponse, name: string): string | undefined {
  const lines = headerLines(response, name)
  return lines.length === 0 ? undefined : lines.join(', ')
}

function wireOver(socket: Socket, { tls = false, lint }: WireOptions): Wire {
  let buffer: Buffer = Buffer.alloc(0)
  let ended = false
  let changed: (() => void) | undefined
  const closed = new Promise<void>((resolve) => {
    const finish = (): void => {
      ended = true
      resolve()
      changed?.()
    }
    socket.on('data', (chunk: Buffer) => {
      buffer = Buffer.concat([buffer, chunk])
      changed?.()
    })
    socket.once('end', finish)
    socket.once('close', finish)
    socket.on('error', finish)
  })

  return {
    closed,
    get waiting() {
      return buffer.length
    },
    write: (bytes) => void socket.write(bytes),
    abort: () => void (tls ? socket.destroy() : socket.resetAndDestroy()),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    async response({ toHead = false } = {}) {
      for (;;) {
        const parsed = parseResponse(buffer, { toHead, ended })
        if (parsed !== undefined) {
          buffer = buffer.subarray(parsed.bytes.length)
          lint?.(parsed)
          return parsed
        }
        if (ended) throw new Error('The connection ended without a response.')
        await new Promise<void>((resolve) => (changed = resolve))
      }
    },
  }
}

interface ParseOptions {
  readonly toHead: boolean
  readonly ended: boolean
}

function parseResponse(buffer: Buffer, options: ParseOptions): WireResponse | undefined {
  const headEnd = buffer.indexOf('\r\n\r\n')
  if (headEnd === -1) return undefined
  const [statusLine = '', ...lines] = buffer.toString('latin1', 0, headEnd).split('\r\n')
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(statusLine)?.[1])
  const headers = lines.map((line) => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const
  })
  const found = bodyOf(buffer, headEnd + 4, { ...options, status, headers })
  if (found === undefined) return undefined
  return {
    status,
    headers,
    complete: found.complete,
    body: found.body.toString(),
    raw: found.body,
    bytes: buffer.subarray(0, found.end),
  }
}

interface Body {
  readonly body: Buffer
  readonly end: number
  readonly complete: boolean
}

function bodyOf(
  buffer: Buffer,
  start: number,
  head: ParseOptions & { readonly status: number; readonly headers: WireResponse['headers'] },
): Body | undefined {
  const value = (name: string): string | undefined => head.headers.find(([key]) => key === name)?.[1]
  if (head.toHead || head.status === 204 || head.status === 304)
    return { body: Buffer.alloc(0), end: start, complete: true }
  const cut: Body | undefined = head.ended
    ? { body: buffer.subarray(start), end: buffer.length, complete: false }
    : undefined
  if (value('transfer-encoding') === 'chunked') return chunkedBody(buffer, start) ?? cut
  const length = value('content-length')
  if (length === undefined) return cut && { ...cut, complete: true }
  const end = start + Number(length)
  return buffer.length >= end ? { body: buffer.subarray(start, end), end, complete: true } : cut
}

function chunkedBody(buffer: Buffer, start: number): Body | undefined {
  const pieces: Buffer[] = []
  for (let at = start; ; ) {
    const lineEnd = buffer.indexOf('\r\n', at)
    if (lineEnd === -1) return undefined
    const size = Number.parseInt(buffer.toString('latin1', at, lineEnd), 16)
    const next = lineEnd + 2 + size + 2
    if (buffer.length < next) return undefined
    if (size === 0) return { body: Buffer.concat(pieces), end: next, complete: true }
    pieces.push(buffer.subarray(lineEnd + 2, next - 2))
    at = next
  }
}
