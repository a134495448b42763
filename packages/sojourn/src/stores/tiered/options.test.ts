import { expect, it } from 'vitest'
import { ConfigError } from '../../core/errors.ts'
import { memoryStore } from '../memory/index.ts'
import { tieredStore } from './index.ts'

function problemsOf(options: unknown): readonly string[] {
  try {
    tieredStore(options as never)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ path }) => path)
    throw error
  }
  return []
}

it('accepts a hot store alone, and every option at its limits', () => {
  expect(problemsOf({ hot: memoryStore() })).toEqual([])
  expect(problemsOf({ hot: memoryStore(), near: { entries: 1, lease: '10ms', negative: '0s' } })).toEqual([])
  expect(problemsOf({ hot: memoryStore(), near: { lease: '5s', negative: '5s' } })).toEqual([])
})

it('lists every problem at once', () => {
  const near = { entries: 0, lease: '6s', negative: '6s', entires: 1 }
  expect(problemsOf({ near, hot: {}, cold: memoryStore() }).toSorted()).toEqual(
    ['cold', 'hot', 'near.entires', 'near.entries', 'near.lease', 'near.negative'].toSorted(),
  )
})

it.each<[string, unknown, string]>([
  ['nothing', undefined, 'hot'],
  ['a near that is no object', { hot: memoryStore(), near: 5 }, 'near'],
  ['a lease that is no duration', { hot: memoryStore(), near: { lease: 5 } }, 'near.lease'],
  ['a lease of nothing', { hot: memoryStore(), near: { lease: '0s' } }, 'near.lease'],
  [
    'a memory longer than the lease',
    { hot: memoryStore(), near: { lease: '1s', negative: '2s' } },
    'near.negative',
  ],
  ['half an entry', { hot: memoryStore(), near: { entries: 1.5 } }, 'near.entries'],
  ['a copy of a copy', { hot: tieredStore({ hot: memoryStore() }) }, 'hot'],
])('refuses %s', (_, options, path) => {
  expect(problemsOf(options)).toEqual([path])
})

it('remembers an absence no longer than a shorter lease', () => {
  expect(problemsOf({ hot: memoryStore(), near: { lease: '200ms' } })).toEqual([])
})
