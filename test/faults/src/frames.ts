/**
 * What a Redis server sends, one reply or message after another, without looking into it further than to its end. For
 * whoever stands between server and client: chunks end anywhere.
 */
import type { Edit } from '../../programs/index.ts'

const CRLF = '\r\n'
/** Those that are followed by so many bytes, and by so many frames. */
const WITH_BYTES = '$=!'
const WITH_FRAMES: Readonly<Record<string, number>> = { '*': 1, '~': 1, '>': 1, '%': 2, '|': 2 }

/** Where the frame that begins at `at` ends; `undefined` while some of it is still to come. */
export function frameEnd(bytes: Buffer, at = 0): number | undefined {
  const lineEnd = bytes.indexOf(CRLF, at)
  if (lineEnd < 0) return undefined
  const end = lineEnd + CRLF.length
  const kind = String.fromCharCode(bytes[at] ?? 0)
  const length = Number(bytes.toString('latin1', at + 1, lineEnd))
  if (WITH_BYTES.includes(kind)) return length < 0 ? end : within(bytes, end + length + CRLF.length)
  return framesEnd(bytes, end, length * (WITH_FRAMES[kind] ?? 0))
}

/** Changes whole frames: what it answers takes the frame's place. */
export function editingFrames(change: (frame: Buffer) => Buffer): Edit {
  const kept = new WeakMap<object, Buffer>()
  return (chunk, connection) => {
    const bytes = Buffer.concat([kept.get(connection) ?? Buffer.alloc(0), chunk])
    const frames: Buffer[] = []
    let at = 0
    for (let end = frameEnd(bytes, at); end !== undefined; end = frameEnd(bytes, at)) {
      frames.push(change(bytes.subarray(at, end)))
      at = end
    }
    kept.set(connection, bytes.subarray(at))
    return Buffer.concat(frames)
  }
}

/** Loses a part of the messages by which a server tells of changes: those of tracking, and published ones. */
export function droppingNews(
  part: number,
  random: () => number,
): { readonly edit: Edit; readonly lost: () => number } {
  let lost = 0
  const edit = editingFrames((frame) => {
    if (!isNews(frame) || random() >= part) return frame
    lost++
    return Buffer.alloc(0)
  })
  return { edit, lost: () => lost }
}

const NEWS = /^[*>]\d+\r\n\$\d+\r\n(?:s?message|invalidate)\r\n/

function isNews(frame: Buffer): boolean {
  return NEWS.test(frame.toString('latin1', 0, 40))
}

function framesEnd(bytes: Buffer, from: number, count: number): number | undefined {
  let at: number | undefined = from
  for (let index = 0; index < count && at !== undefined; index++) at = frameEnd(bytes, at)
  return at
}

function within(bytes: Buffer, end: number): number | undefined {
  return end <= bytes.length ? end : undefined
}
