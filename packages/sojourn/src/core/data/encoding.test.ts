import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { holds } from '../holds.fixture.ts'
import { decodeEntries, type Dictionary, dictionary, encodeEntries, entriesToObject } from './encoding.ts'

const words = (...keys: string[]): Dictionary => {
  const made = dictionary(keys)
  if ('collision' in made) throw new Error(made.collision.join())
  return made
}
const NONE = words()

const key = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 30 })
  .filter((text) => !text.includes('\0') && text.isWellFormed())
const entries = fc
  .dictionary(key, fc.json(), { maxKeys: 12 })
  .map((object) => new Map(Object.entries(object)))

it('comes back as it was, whichever keys are declared', () => {
  holds(entries, fc.array(key), (data, declared) => {
    const made = dictionary([...declared, ...[...data.keys()].slice(0, 3)])
    if ('collision' in made) return
    expect(decodeEntries(encodeEntries(data, made), made)).toEqual(data)
  })
})

it('never throws on any bytes', () => {
  holds(fc.uint8Array({ maxLength: 80 }), (bytes) => {
    expect(() => decodeEntries(bytes, words('cart'))).not.toThrow()
  })
})

describe('a dictionary', () => {
  const data = new Map([
    ['cart', '["book"]'],
    ['visits', '3'],
    ['plain', 'true'],
  ])

  it('makes declared keys two bytes each', () => {
    const short = encodeEntries(data, words('cart', 'visits', 'plain'))
    const long = encodeEntries(data, NONE)
    expect(long.length - short.length).toBe('cart'.length + 'visits'.length + 'plain'.length + 3 - 3 * 2)
    expect(Buffer.from(encodeEntries(new Map([['cart', '1']]), words('cart'))).toString('hex')).toBe(
      '051c4231',
    )
  })

  it('may be put in another order, and grow', () => {
    const bytes = encodeEntries(data, words('cart', 'visits'))
    for (const later of [words('visits', 'cart'), words('new', 'visits', 'other', 'cart', 'plain')])
      expect(decodeEntries(bytes, later)).toEqual(data)
  })

  it('that lacks a declared key carries its entry along through a write', () => {
    const bytes = encodeEntries(data, words('cart', 'visits'))
    const old = words('visits')
    const seen = decodeEntries(bytes, old)
    expect(entriesToObject(seen)).toEqual({ visits: 3, plain: true })
    seen.set('visits', '4')
    const written = decodeEntries(encodeEntries(seen, old), words('cart', 'visits'))
    expect(entriesToObject(written)).toEqual({ cart: ['book'], visits: 4, plain: true })
  })

  it('may lose all its keys without anything being lost', () => {
    const bytes = encodeEntries(data, words('cart', 'visits'))
    const written = encodeEntries(decodeEntries(bytes, NONE), NONE)
    expect(decodeEntries(written, words('cart', 'visits'))).toEqual(data)
  })

  it('refuses two keys with the same short name, and says which', () => {
    const names = new Map<number, string>()
    for (let index = 0; ; index++) {
      const candidate = `key${index}`
      const [name] = words(candidate).keyOf.keys()
      const other = names.get(name as number)
      names.set(name as number, candidate)
      if (other === undefined) continue
      expect(dictionary([other, candidate])).toEqual({ collision: [other, candidate] })
      return
    }
  })
})

describe('a value', () => {
  const stored = (json: string): string =>
    Buffer.from(encodeEntries(new Map([['k', json]]), NONE)).toString('hex')

  it('is packed where that is shorter, and has these bytes', () => {
    expect(stored('"waterproof hiking boots"')).toMatchInlineSnapshot(
      `"46016b1b16651b63086b454ee173e946a840e43f"`,
    )
  })

  it('is text where packing would not save anything', () => {
    expect(stored('"%%%"')).toBe(`14016b${Buffer.from('"%%%"').toString('hex')}`)
  })
})

describe('what the application sees', () => {
  it('has no prototype, and keys that mean something elsewhere mean nothing', () => {
    const hostile = new Map([
      ['__proto__', '{"admin":true}'],
      ['constructor', '1'],
      ['toString', '2'],
    ])
    const object = entriesToObject(decodeEntries(encodeEntries(hostile, NONE), NONE))
    expect(Object.getPrototypeOf(object)).toBeNull()
    expect(Object.keys(object)).toEqual(['__proto__', 'constructor', 'toString'])
    expect(object['admin']).toBeUndefined()
    expect(({} as { admin?: unknown }).admin).toBeUndefined()
  })
})
