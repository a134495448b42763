/**
 * The load: a few kept connections, each with one request under way, on raw sockets so that the client costs less
 * than the server. A round is a number of requests and not a time.
 *
 * It never sleeps: waking a client that waits is work for the server's kernel side, and a slower server would be
 * charged for it more often than a fast one.
 */
import { connect, type Socket } from 'node:net'

export interface Load {
  readonly requests: readonly string[]
  readonly count: number
  /** Each has one request under way. Default 16. */
  readonly connections?: number
}

const CONNECTIONS = 16

/** @throws Error when an answer is not 200 or a connection fails */
export async function sendAll(
  port: number,
  { requests, count, connections = CONNECTIONS }: Load,
): Promise<void> {
  const messages = requests.map((text) => Buffer.from(text, 'latin1'))
  let sent = 0
  const next = (): Buffer | undefined => (sent < count ? messages[sent++ % messages.length] : undefined)
  const stayAwake = (): void => {
    if (open > 0) setImmediate(stayAwake)
  }
  let open = connections
  stayAwake()
  const conversations = Array.from({ length: connections }, () =>
    converse(connect({ port, host: '127.0.0.1', noDelay: true }), next).finally(() => open--),
  )
  await Promise.all(conversations)
}

function converse(socket: Socket, next: () => Buffer | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    let pending: Buffer | undefined
    const goOn = (): void => {
      const message = next()
      if (message !== undefined) socket.write(message)
      else socket.destroy()
    }
    socket.on('connect', goOn)
    socket.on('error', reject)
    socket.on('close', () => resolve())
    socket.on('data', (chunk) => {
      const answer = pending === undefined ? chunk : Buffer.concat([pending, chunk])
      const whole = isWhole(answer)
      pending = whole === false ? answer : undefined
      if (whole === false) return
      if (whole === true && answer.toString('latin1', 9, 12) === '200') goOn()
      else socket.destroy(new Error(`A request was answered with:\n${answer.toString('latin1')}`))
    })
  })
}

function isWhole(answer: Buffer): boolean | 'unframed' {
  const end = answer.indexOf('\r\n\r\n')
  if (end === -1) return false
  const head = answer.toString('latin1', 0, end)
  const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1]
  if (length !== undefined) return answer.length >= end + 4 + Number(length)
  return /\r\ntransfer-encoding: chunked/i.test(head)
    ? answer.toString('latin1').endsWith('\r\n0\r\n\r\n')
    : 'unframed'
}
