/**
 * As little of a Redis client as can be: the limit that drivers are compared with. No reconnection, no errors, and of
 * replies integers and flat lists of texts.
 */
import { once } from 'node:events'
import { connect } from 'node:net'

type Value = Buffer | string | null
const CRLF = '\r\n'

export async function connectResp(
  url: string,
): Promise<(args: readonly (string | Buffer)[]) => Promise<unknown>> {
  const { hostname, port } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port), noDelay: true })
  await once(socket, 'connect')
  const waiting: ((reply: unknown) => void)[] = []
  let unread: Buffer | undefined
  socket.on('data', (chunk) => {
    const bytes = unread === undefined ? chunk : Buffer.concat([unread, chunk])
    let at = 0
    for (;;) {
      const found = replyAt(bytes, at)
      if (found === undefined) break
      at = found.end
      waiting.shift()?.(found.reply)
    }
    unread = at === bytes.length ? undefined : bytes.subarray(at)
  })
  let corked = false
  return (args) => {
    if (!corked) {
      corked = true
      socket.cork()
      setImmediate(() => {
        corked = false
        socket.uncork()
      })
    }
    writeTo((part) => socket.write(part, 'latin1'), args)
    return new Promise((resolve) => waiting.push(resolve))
  }
}

function writeTo(write: (part: string | Buffer) => void, args: readonly (string | Buffer)[]): void {
  let text = `*${args.length}${CRLF}`
  for (const arg of args) {
    text += `$${arg.length}${CRLF}`
    if (typeof arg === 'string') text += arg
    else {
      write(text)
      write(arg)
      text = ''
    }
    text += CRLF
  }
  write(text)
}

interface Found<T> {
  readonly reply: T
  readonly end: number
}

/** `undefined`: not all of it has arrived. */
function replyAt(bytes: Buffer, at: number): Found<Value | readonly Value[]> | undefined {
  return bytes[at] === 0x2a ? listAt(bytes, at) : valueAt(bytes, at)
}

function listAt(bytes: Buffer, at: number): Found<readonly Value[]> | undefined {
  const line = lineAt(bytes, at)
  if (line === undefined) return undefined
  const reply: Value[] = []
  let { end } = line
  while (reply.length < Number(line.reply)) {
    const value = valueAt(bytes, end)
    if (value === undefined) return undefined
    reply.push(value.reply)
    end = value.end
  }
  return { reply, end }
}

function valueAt(bytes: Buffer, at: number): Found<Value> | undefined {
  const line = lineAt(bytes, at)
  if (line === undefined || bytes[at] !== 0x24) return line
  const length = Number(line.reply)
  if (length < 0) return { reply: null, end: line.end }
  const end = line.end + length + CRLF.length
  return end > bytes.length ? undefined : { reply: bytes.subarray(line.end, line.end + length), end }
}

function lineAt(bytes: Buffer, at: number): Found<string> | undefined {
  const end = bytes.indexOf(CRLF, at)
  return end === -1 ? undefined : { reply: bytes.toString('latin1', at + 1, end), end: end + CRLF.length }
}
