import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { holds } from '../holds.fixture.ts'
import { InputError } from '../errors.ts'
import { Delta, deltaBetween } from './delta.ts'
import type { Entries } from './encoding.ts'

type Step =
  | { readonly act: 'set' | 'increment'; readonly key: string; readonly value: number }
  | { readonly act: 'unset'; readonly key: string }

const key = fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor')
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ act: fc.constantFrom('set' as const, 'increment' as const), key, value: fc.integer() }),
  fc.record({ act: fc.constant('unset' as const), key }),
)
const steps = fc.array(step, { maxLength: 12 })
const start = fc.array(fc.tuple(key, fc.integer().map(String))).map((pairs): Entries => new Map(pairs))

function deltaOf(all: readonly Step[]): Delta {
  const delta = new Delta()
  for (const one of all) {
    if (one.act === 'unset') delta.unset(one.key)
    else delta[one.act](one.key, one.value)
  }
  return delta
}

const sorted = (entries: Entries): [string, string][] =>
  [...entries].toSorted(([left], [right]) => (left < right ? -1 : 1))

it('does the same at once as its steps one after the other', () => {
  holds(start, steps, (before, all) => {
    const oneByOne = all.reduce((entries, one) => deltaOf([one]).apply(entries), before)
    expect(sorted(deltaOf(all).apply(before))).toEqual(sorted(oneByOne))
  })
})

it('between two objects makes the one of the other', () => {
  const object = fc.dictionary(key, fc.jsonValue({ maxDepth: 2 }), { noNullPrototype: false })
  holds(object, object, (before, after) => {
    const entries = new Map(Object.entries(before).map(([name, value]) => [name, JSON.stringify(value)]))
    const made = deltaBetween(before, after).apply(entries)
    const wanted = new Map(Object.entries(after).map(([name, value]) => [name, JSON.stringify(value)]))
    expect(sorted(made)).toEqual(sorted(wanted))
  })
})

it('leaves what it was given alone', () => {
  const before: Entries = new Map([['a', '1']])
  deltaOf([{ act: 'set', key: 'a', value: 2 }]).apply(before)
  expect(before).toEqual(new Map([['a', '1']]))
})

it('takes undefined for nothing', () => {
  const delta = new Delta()
  delta.set('a', undefined)
  expect(delta.apply(new Map([['a', '1']]))).toEqual(new Map())
})

describe('increment', () => {
  it('counts from 0', () => {
    expect(deltaOf([{ act: 'increment', key: 'n', value: 5 }]).apply(new Map())).toEqual(
      new Map([['n', '5']]),
    )
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('by %d is refused', (by) => {
    expect(() => new Delta().increment('n', by)).toThrow(
      expect.objectContaining({ code: 'DATA_NOT_A_NUMBER' }),
    )
  })

  it.each(['"text"', 'null', '[1]', '{}', 'true'])('of %s is refused when it is applied', (json) => {
    const delta = new Delta()
    delta.increment('n', 1)
    expect(() => delta.apply(new Map([['n', json]]))).toThrow(InputError)
  })

  it('never makes a number that JSON cannot hold', () => {
    const delta = new Delta()
    delta.increment('n', Number.MAX_VALUE)
    expect(() => delta.apply(new Map([['n', String(Number.MAX_VALUE)]]))).toThrow(InputError)
  })
})

describe('a key', () => {
  it.each([
    ['empty', ''],
    ['with NUL', 'a\0b'],
    ['longer than 255 bytes', 'é'.repeat(128)],
    ['that is no text', 5 as unknown as string],
  ])('%s is refused by every change', (_, bad) => {
    const delta = new Delta()
    for (const act of [() => delta.set(bad, 1), () => delta.unset(bad), () => delta.increment(bad, 1)])
      expect(act).toThrow(expect.objectContaining({ code: 'DATA_INVALID' }))
    expect(delta.size).toBe(0)
  })

  it('of 255 bytes is taken', () => {
    const delta = new Delta()
    delta.set('a'.repeat(255), 1)
    expect(delta.size).toBe(1)
  })
})
