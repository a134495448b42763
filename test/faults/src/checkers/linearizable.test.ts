import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Operation } from '../history.ts'
import { operation, regenerate, revoke, signIn, verify } from './histories.fixture.ts'
import { linearizable } from './linearizable.ts'

const none = { result: 'none' } as const

function unexplained(history: readonly Operation[]): readonly Operation[] {
  return linearizable([signIn('s', 0), ...history]).violations.map((violation) => violation.operation)
}

describe('what no order explains', () => {
  test('accepted after it was refused', () => {
    const again = verify('s', 30)
    expect(unexplained([revoke('s', 10, { returnedAt: 50 }), verify('s', 20, none), again])).toEqual([again])
  })

  test('accepted after the acknowledgement of its end', () => {
    const late = verify('s', 20)
    expect(unexplained([revoke('s', 10), late])).toEqual([late])
  })

  test('refused although nothing ended it', () => {
    const refused = verify('s', 10, none)
    expect(unexplained([refused])).toEqual([refused])
  })

  test('a token that was replaced, accepted after the acknowledgement; two replacements of one token', () => {
    const late = verify('s', 20)
    expect(unexplained([regenerate('s', 10), late])).toEqual([late])
    expect(unexplained([regenerate('s', 10), regenerate('s', 10)])).toHaveLength(1)
  })

  test('a change that was acknowledged after the end', () => {
    const late = operation({ op: 'change', session: 's', result: 'done', invokedAt: 20 })
    expect(unexplained([revoke('s', 10), late])).toEqual([late])
  })

  test('refused because of what was over before it began', () => {
    const all = operation({ op: 'revokeAll', subject: 'user', result: 'done', invokedAt: -5 })
    expect(unexplained([all, verify('s', 10, none)])).toHaveLength(1)
  })

  test('an unknown end cannot be undone once it was seen', () => {
    const again = verify('s', 30)
    expect(unexplained([revoke('s', 10, { result: 'unknown' }), verify('s', 20, none), again])).toEqual([
      again,
    ])
  })
})

describe('what some order explains', () => {
  test.each<[string, readonly Operation[]]>([
    [
      'accepted and refused while the end is under way',
      [revoke('s', 10, { returnedAt: 50 }), verify('s', 20), verify('s', 30, none)],
    ],
    [
      'an unknown end that never comes, or comes late',
      [revoke('s', 10, { result: 'unknown' }), verify('s', 20), verify('s', 5_000, none)],
    ],
    [
      'an unknown new token: the old one is good, and then is not',
      [regenerate('s', 10, { result: 'unknown' }), verify('s', 20), verify('s', 30, none)],
    ],
    [
      'an end of all sessions that a sign-in overtook',
      [
        operation({ op: 'revokeAll', subject: 'user', result: 'done', invokedAt: 0, returnedAt: 20 }),
        verify('s', 30),
      ],
    ],
    [
      'an end of all sessions that a sign-in took longer than',
      [
        operation({ op: 'revokeAll', subject: 'user', result: 'done', invokedAt: 0.2, returnedAt: 0.5 }),
        verify('s', 30, none),
      ],
    ],
    [
      'an eviction that was answered before the sign-in',
      [signIn('t', 0.2, { returnedAt: 0.5, evicted: ['s'] }), verify('s', 30, none)],
    ],
    ['put off', [revoke('s', 10), verify('s', 20, { result: 'unavailable' })]],
    ['accepted by a copy', [revoke('s', 10), verify('s', 20, { mode: 'bounded' })]],
  ])('%s', (_, history) => {
    expect(unexplained(history)).toEqual([])
  })

  test('many unknown ends, and many checks at once', () => {
    const ends = Array.from({ length: 40 }, () => revoke('s', 10, { result: 'unknown' }))
    const checks = Array.from({ length: 400 }, (_, at) => verify('s', 20, { returnedAt: 30 + at }))
    const refused = Array.from({ length: 400 }, () => verify('s', 25, { ...none, returnedAt: 5_000 }))
    expect(unexplained([...ends, ...checks, ...refused])).toEqual([])
  })
})

type Did = readonly ['verify' | 'none' | 'revoke' | 'regenerate', 'answered' | 'unknown']

/** Operations that overlap in any way, about tokens of the first two generations. */
const histories = fc
  .array(
    fc.record({
      did: fc.constantFrom<Did>(
        ['verify', 'answered'],
        ['none', 'answered'],
        ['revoke', 'answered'],
        ['revoke', 'unknown'],
        ['regenerate', 'answered'],
        ['regenerate', 'unknown'],
      ),
      generation: fc.integer({ min: 0, max: 1 }),
      invokedAt: fc.integer({ min: 10, max: 20 }),
      took: fc.integer({ min: 0, max: 8 }),
    }),
    { maxLength: 5 },
  )
  .map((written) =>
    written.map(({ did: [kind, known], generation, invokedAt, took }) => {
      const outcome =
        known === 'unknown' ? ({ result: 'unknown' } as const) : { returnedAt: invokedAt + took }
      if (kind === 'revoke') return revoke('s', invokedAt, outcome)
      if (kind === 'regenerate') return regenerate('s', invokedAt, { generation, ...outcome })
      return verify('s', invokedAt, { generation, ...outcome, ...(kind === 'none' ? none : {}) })
    }),
  )

test('it says what trying all orders says', () => {
  let explained = 0
  fc.assert(
    fc.property(histories, (history) => {
      const expected = hasOrder(history)
      if (expected) explained++
      expect(unexplained(history).length === 0).toBe(expected)
    }),
    { numRuns: 3_000 },
  )
  expect(explained).toBeGreaterThan(0)
})

/** Every order of every choice of the unknown ones, by the letter. */
function hasOrder(history: readonly Operation[], generation = 0, isLive = true): boolean {
  if (history.every(({ returnedAt }) => returnedAt === undefined)) return true
  return history.some((next, index) => {
    const others = history.toSpliced(index, 1)
    if (others.some(({ returnedAt }) => returnedAt !== undefined && returnedAt < next.invokedAt)) return false
    const shown = next.token?.generation
    const isGood = isLive && shown === generation
    if (next.op === 'revoke') return hasOrder(others, generation, false)
    if (next.op === 'regenerate') return isGood && hasOrder(others, generation + 1, true)
    if (next.result === 'valid') return isGood && hasOrder(others, generation, isLive)
    return (!isLive || (shown ?? 0) < generation) && hasOrder(others, generation, isLive)
  })
}
