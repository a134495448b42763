import fc from 'fast-check'
import { expect, it } from 'vitest'
import { holds } from '../holds.fixture.ts'
import { packText, unpackText } from './packed-text.ts'

const text = fc.oneof(
  fc.json(),
  fc.string({ unit: 'grapheme', maxLength: 200 }),
  fc.string({ unit: 'binary', maxLength: 200 }),
)

it('comes back as it was, or is not packed', () => {
  holds(text, (original) => {
    const packed = packText(original)
    expect(packed === undefined ? original : unpackText(packed)).toBe(original)
  })
})

it('is shorter than UTF-8, or is not packed', () => {
  holds(text, (original) => {
    const { length } = Buffer.from(original)
    expect(packText(original)?.length ?? 0).toBeLessThan(Math.max(1, length))
  })
  expect(packText('')).toBeUndefined()
  expect(packText('%')).toBeUndefined()
})

it('has a code for every byte', () => {
  const padding = 'e'.repeat(60)
  for (let code = 0; code <= 0xff; code++) {
    const original = padding + String.fromCharCode(code)
    expect(unpackText(packText(original) as Buffer)).toBe(original)
  }
})

it('fills the last byte with nothing that is read', () => {
  for (let length = 4; length < 24; length++) {
    const original = 'et'.repeat(length).slice(0, length)
    expect(unpackText(packText(original) as Buffer)).toBe(original)
  }
})

it('is this code for ever: what is stored was written with it', () => {
  expect(packText('"waterproof hiking boots"')?.toString('hex')).toMatchInlineSnapshot(
    `"1b16651b63086b454ee173e946a840e43f"`,
  )
  const printable = Array.from({ length: 95 }, (_, index) => String.fromCharCode(0x20 + index)).join('')
  expect(packText(`${'e'.repeat(100)}${printable}é`)?.toString('hex')).toMatchInlineSnapshot(
    `"222222222222222222222222222222222222222222222222222222222222222222222222222222222222222222222222222247dc0ebbee7afec3b1ecbb3ed3c127163c934f465cdb9bb9f4695783f09c8f0bdaf6dc9edfb8e572fc3787ee799dd777cdf11de789e777be2b9fd0e8f7ddffdd74bc0defbbdff17d3fbc5ea634b5d353b8386bb1f0b7a9191ddc5b38f6f56feb61f7bf85ed7f"`,
  )
})

it('gives some text for any bytes, and never throws', () => {
  holds(fc.uint8Array({ maxLength: 60 }), (bytes) => {
    expect(unpackText(bytes).length).toBeLessThanOrEqual(bytes.length * 3)
  })
  expect(unpackText(Buffer.alloc(30, 0xff))).toBe('\0'.repeat(20))
})
