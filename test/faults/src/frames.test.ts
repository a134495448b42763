import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { droppingNews, editingFrames, frameEnd } from './frames.ts'

/** One of each kind that a server sends. */
const FRAMES = [
  '+OK\r\n',
  '-ERR no\r\n',
  ':12\r\n',
  '_\r\n',
  ',1.5\r\n',
  '#t\r\n',
  '$3\r\na\r\n\r\n',
  '$0\r\n\r\n',
  '$-1\r\n',
  '*2\r\n$1\r\nx\r\n:1\r\n',
  '*-1\r\n',
  '%1\r\n+key\r\n*1\r\n:1\r\n',
  '>2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n',
  '*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nk\r\n',
]

test('a frame ends where the next begins', () => {
  for (const frame of FRAMES) {
    expect(frameEnd(Buffer.from(`${frame}+NEXT\r\n`))).toBe(frame.length)
    for (let length = 0; length < frame.length; length++)
      expect(frameEnd(Buffer.from(frame.slice(0, length)))).toBeUndefined()
  }
})

test('frames are changed one by one, wherever chunks end and whatever another connection sends', () => {
  const cuts = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1 })
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...FRAMES)), cuts, (frames, sizes) => {
      const seen: string[] = []
      const edit = editingFrames((frame) => {
        seen.push(frame.toString())
        return Buffer.concat([frame, Buffer.from('+\r\n')])
      })
      const [one, other] = [{}, {}]
      const bytes = Buffer.from(frames.join(''))
      let passed = ''
      for (let at = 0, turn = 0; at < bytes.length; turn++) {
        const end = at + (sizes[turn % sizes.length] ?? 1)
        passed += edit(bytes.subarray(at, end), one).toString()
        edit(Buffer.from(':'), other)
        at = end
      }
      expect(seen).toEqual(frames)
      expect(passed).toBe(frames.map((frame) => `${frame}+\r\n`).join(''))
    }),
  )
})

test('news of changes are lost, as many as are to be, and nothing else is', () => {
  const { edit, lost } = droppingNews(0.5, () => 0.4)
  expect(edit(Buffer.from(FRAMES.join('')), {}).toString()).toBe(FRAMES.slice(0, -2).join(''))
  expect(lost()).toBe(2)
  expect(droppingNews(0.5, () => 0.5).edit(Buffer.from(FRAMES.join('')), {})).toHaveLength(
    FRAMES.join('').length,
  )
})
