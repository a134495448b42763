/**
 * One question to a Redis over its own socket, as `redis-cli` asks it, without a process for each. Independent of the
 * drivers that are tested with it.
 */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** Bytes are read as UTF-8. */
export type Answer = string | number | null | Error | readonly Answer[]

export interface Question {
  /** Of the server's socket. */
  readonly path: string
  readonly user: string
  /** Default none: a paused server answers when it goes on. */
  readonly timeoutMs?: number
}

/** Sends the command once on a connection of its own. Rejects with what the server said of an error. */
export async function ask(
  args: readonly (string | Buffer)[],
  { path, user, timeoutMs }: Question,
): Promise<Answer> {
  const socket = connect(path)
  if (timeoutMs !== undefined)
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error('the server did not answer')))
  try {
    await once(socket, 'connect')
    socket.write(Buffer.concat([encoded(['AUTH', user, user]), encoded(args)]))
    const [, answer] = await answers(socket, 2)
    if (answer instanceof Error) throw answer
    return answer as Answer
  } finally {
    socket.destroy()
  }
}

/** As `redis-cli` prints it: a list one line each, nothing for null. */
export function printed(answer: Answer): string {
  if (answer === null) return ''
  if (answer instanceof Error) return answer.message
  return typeof answer === 'object' ? answer.map(printed).join('\n') : String(answer)
}

function encoded(args: readonly (string | Buffer)[]): Buffer {
  const parts = args.flatMap((arg) => {
    const bytes = Buffer.from(arg as string)
    return [Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n')]
  })
  return Buffer.concat([Buffer.from(`*${args.length}\r\n`), ...parts])
}

async function answers(socket: Socket, count: number): Promise<readonly Answer[]> {
  let bytes: Buffer = Buffer.alloc(0)
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    bytes = Buffer.concat([bytes, chunk])
    const parsed = parsedList(bytes, { at: 0, count })
    if (parsed !== undefined) return parsed.value
  }
  throw new Error('the server closed the connection')
}

interface Parsed<T> {
  readonly value: T
  readonly end: number
}

function parsedList(
  bytes: Buffer,
  { at, count }: { readonly at: number; readonly count: number },
): Parsed<Answer[]> | undefined {
  const value: Answer[] = []
  let end = at
  while (value.length < count) {
    const item = parsedAnswer(bytes, end)
    if (item === undefined) return undefined
    value.push(item.value)
    end = item.end
  }
  return { value, end }
}

/** `undefined` while some of it is still to come. */
function parsedAnswer(bytes: Buffer, at: number): Parsed<Answer> | undefined {
  const lineEnd = bytes.indexOf('\r\n', at)
  if (lineEnd < 0) return undefined
  const line = bytes.toString('utf8', at + 1, lineEnd)
  const end = lineEnd + 2
  switch (bytes.toString('latin1', at, at + 1)) {
    case '+':
      return { value: line, end }
    case '-':
      return { value: new Error(line), end }
    case ':':
      return { value: Number(line), end }
    case '$':
      return parsedText(bytes, { at: end, length: Number(line) })
    default:
      return line === '-1' ? { value: null, end } : parsedList(bytes, { at: end, count: Number(line) })
  }
}

function parsedText(
  bytes: Buffer,
  { at, length }: { readonly at: number; readonly length: number },
): Parsed<string | null> | undefined {
  if (length < 0) return { value: null, end: at }
  const end = at + length
  if (bytes.length < end + 2) return undefined
  return { value: bytes.toString('utf8', at, end), end: end + 2 }
}
