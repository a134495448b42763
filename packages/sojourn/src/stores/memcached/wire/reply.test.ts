import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createReplyReader, type Reply } from './reply.ts'

const LARGEST = 300
const EVERY_BYTE = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
const TRAP = Buffer.from('\r\nHD O9\r\nEN\r\n')

function read(chunks: readonly Buffer[]): readonly Reply[] {
  const replies: Reply[] = []
  const reader = createReplyReader((reply) => replies.push(reply), LARGEST)
  for (const chunk of chunks) reader.feed(chunk)
  return replies
}

function encoded({ status, words, value }: Reply): Buffer {
  const line = [status, ...(value === undefined ? [] : [value.length]), ...words].join(' ')
  return Buffer.concat([
    Buffer.from(`${line}\r\n`),
    ...(value === undefined ? [] : [value, Buffer.from('\r\n')]),
  ])
}

const REPLIES: readonly Reply[] = [
  { status: 'HD', words: ['O1'], value: undefined },
  { status: 'VA', words: ['c12', 'O2'], value: EVERY_BYTE },
  { status: 'VA', words: ['O3'], value: Buffer.alloc(0) },
  { status: 'VA', words: ['O4'], value: TRAP },
  { status: 'SERVER_ERROR', words: ['out', 'of', 'memory'], value: undefined },
  { status: 'MN', words: [], value: undefined },
]

it('answers come out whole and in order, however they arrive', () => {
  const bytes = Buffer.concat(REPLIES.map(encoded))
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: bytes.length }), { maxLength: 20 }), (cuts) => {
      const places = [0, ...cuts.toSorted((a, b) => a - b), bytes.length]
      const chunks = places.slice(1).map((end, index) => bytes.subarray(places[index], end))
      expect(read(chunks)).toEqual(REPLIES)
    }),
  )
  expect(read(Array.from(bytes, (byte) => Buffer.of(byte)))).toEqual(REPLIES)
})

describe('what cannot be an answer is an error', () => {
  it.each([
    ['-ERR unknown command\r\n'],
    ['HTTP/1.1 400 Bad Request\r\n'],
    ['\r\n'],
    ['\n'],
    ['HD O1\n'],
    ['VA x O1\r\n'],
    ['VA -1 O1\r\n'],
    [`VA ${LARGEST + 1} O1\r\n`],
    ['VA 3 O1\r\nabcd\r\n'],
    ['VA 1e1 O1\r\n'],
    ['x'.repeat(3_000)],
  ])('%j', (text) => {
    expect(() => read([Buffer.from(text)])).toThrow(/cannot be the answer/)
  })
})
