/**
 * The answers of a Memcached server, out of the bytes that arrive: a line, behind `VA` also a value. Whatever cannot be an
 * answer is an error, and so is one that is larger than any that was stored: nothing is guessed at, and what waits for
 * the rest of an answer stays bounded.
 */
import { SystemError } from '../../../core/errors.ts'

export interface Reply {
  /** The first word. */
  readonly status: string
  /** What stands behind it in the line; without the size of the value. */
  readonly words: readonly string[]
  readonly value: Buffer | undefined
}

export interface ReplyReader {
  /** Hands out all answers that are complete now, in their order. @throws SystemError */
  feed(chunk: Buffer): void
  /** Bytes that a value may have. */
  largest: number
}

const NEWLINE = 0x0a
const RETURN = 0x0d
/** Keys have 250 characters at most, and no flag that is asked for is longer. */
const LONGEST_LINE = 2_048
const WORDS: ReadonlySet<string> = new Set([
  'VA',
  'HD',
  'EN',
  'NS',
  'EX',
  'NF',
  'MN',
  'VERSION',
  'STAT',
  'END',
  'ERROR',
  'CLIENT_ERROR',
  'SERVER_ERROR',
])

export function createReplyReader(onReply: (reply: Reply) => void, largest: number): ReplyReader {
  let held: Buffer[] = []
  let size = 0
  /** How many bytes there must be before looking at them is worth while. */
  let needed = 1

  const reader: ReplyReader = {
    largest,
    feed(chunk) {
      held.push(chunk)
      size += chunk.length
      if (size < needed) return
      const rest = readAll(held.length === 1 ? chunk : Buffer.concat(held, size))
      held = rest.length === 0 ? [] : [rest]
      size = rest.length
    },
  }
  return reader

  /** Answers what is left: the beginning of an answer. */
  function readAll(bytes: Buffer): Buffer {
    let at = 0
    needed = 1
    while (at < bytes.length) {
      const end = readOne(bytes, at)
      if (end === undefined) break
      at = end
    }
    return bytes.subarray(at)
  }

  function readOne(bytes: Buffer, start: number): number | undefined {
    const newline = bytes.indexOf(NEWLINE, start)
    if ((newline === -1 ? bytes.length : newline) - start > LONGEST_LINE) throw notAnAnswer()
    if (newline === -1) {
      needed = bytes.length - start + 1
      return undefined
    }
    if (bytes[newline - 1] !== RETURN || newline === start) throw notAnAnswer()
    const [status = '', ...words] = bytes.toString('latin1', start, newline - 1).split(' ')
    if (!WORDS.has(status)) throw notAnAnswer()
    if (status === 'VA') return readValue({ bytes, start, from: newline + 1 }, words)
    onReply({ status, words, value: undefined })
    return newline + 1
  }

  function readValue(
    { bytes, start, from }: { readonly bytes: Buffer; readonly start: number; readonly from: number },
    [length = '', ...words]: readonly string[],
  ): number | undefined {
    const count = /^\d{1,9}$/.test(length) ? Number(length) : Number.POSITIVE_INFINITY
    if (count > reader.largest) throw notAnAnswer()
    const end = from + count
    if (bytes.length < end + 2) {
      needed = end + 2 - start
      return undefined
    }
    if (bytes[end] !== RETURN || bytes[end + 1] !== NEWLINE) throw notAnAnswer()
    // Copied: whoever keeps a piece of it would keep all that arrived with it.
    onReply({ status: 'VA', words, value: Buffer.from(bytes.subarray(from, end)) })
    return end + 2
  }
}

export function notAnAnswer(): SystemError {
  return new SystemError(
    'STORE_UNAVAILABLE',
    'Memcached answered something that cannot be the answer to what was asked. Look for a proxy in between, or for another program at this address.',
    { retryable: true },
  )
}
