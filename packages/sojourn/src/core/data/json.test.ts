import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { holds } from '../holds.fixture.ts'
import { InputError } from '../errors.ts'
import { jsonText } from './json.ts'

it('writes what JSON can hold, and it comes back the same', () => {
  holds(fc.jsonValue({ maxDepth: 6 }), (value) =>
    expect(JSON.parse(jsonText(value, 'key'))).toEqual(JSON.parse(JSON.stringify(value))),
  )
})

const cyclic: Record<string, unknown> = {}
cyclic['self'] = { again: [cyclic] }
const sparse = [1, 2, 3]
Reflect.deleteProperty(sparse, 1)

describe('refuses what would come back as something else', () => {
  it.each<[string, unknown]>([
    ['a date', new Date(0)],
    ['a map', new Map()],
    ['a set', new Set()],
    ['a regular expression', /a/],
    ['an error', new Error('no')],
    ['bytes', Buffer.from('a')],
    ['a promise', Promise.resolve()],
    [
      'an instance of a class',
      new (class Cart {
        item = 1
      })(),
    ],
    ['a boxed number', Object(1)],
    ['an object from elsewhere with a foreign prototype', runInNewContext('new Date(0)')],
    ['BigInt', 1n],
    ['a function', () => 1],
    ['a symbol', Symbol('a')],
    ['undefined', undefined],
    ['NaN', Number.NaN],
    ['Infinity', Number.POSITIVE_INFINITY],
    ['-Infinity', Number.NEGATIVE_INFINITY],
    ['a cycle', cyclic],
    ['a hole in a list', sparse],
    ['a toJSON method', { toJSON: () => 'other' }],
    ['a toJSON method that throws', { toJSON: () => JSON.parse('{') as unknown }],
    ['a getter', Object.defineProperty({}, 'a', { enumerable: true, get: () => 1 })],
    ['a symbol as a key', { [Symbol('a')]: 1 }],
  ])('%s, at the top and deep inside', (_, value) => {
    for (const nested of [value, { a: value }, [value], { a: [{ b: value }] }]) {
      expect(() => jsonText(nested, 'cart')).toThrow(InputError)
      expect(() => jsonText(nested, 'cart')).toThrow(expect.objectContaining({ code: 'DATA_NOT_JSON' }))
    }
  })

  it('without ever calling a getter', () => {
    let called = 0
    const value = Object.defineProperty({}, 'a', { enumerable: true, get: () => called++ })
    expect(() => jsonText(value, 'cart')).toThrow('cart.a is computed by a getter')
    expect(called).toBe(0)
  })

  it('naming the place and never the value', () => {
    const value = { items: [{ ok: 1 }, { bad: () => 'geheim' }], name: 'geheim' }
    expect(() => jsonText(value, 'cart')).toThrow('cart.items[1].bad is of type function')
    expect(() => jsonText(value, 'cart')).not.toThrow('geheim')
  })
})

it('goes 64 levels deep and no deeper, without a stack overflow', () => {
  const nested = (depth: number): unknown => {
    let value: unknown = 1
    for (let level = 0; level < depth; level++) value = [value]
    return value
  }
  expect(jsonText(nested(64), 'deep')).toBe(JSON.stringify(nested(64)))
  expect(() => jsonText(nested(65), 'deep')).toThrow('more than 64 levels')
  expect(() => jsonText(nested(100_000), 'deep')).toThrow('more than 64 levels')
})

it('takes objects without a prototype, and `__proto__` as a key like any other', () => {
  const value = JSON.parse('{"__proto__":{"admin":true},"constructor":1}') as unknown
  expect(jsonText(value, 'key')).toBe('{"__proto__":{"admin":true},"constructor":1}')
  expect(jsonText(Object.assign(Object.create(null), { a: 1 }), 'key')).toBe('{"a":1}')
})
