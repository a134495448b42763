import { expect, it } from 'vitest'
import type { BreakerState } from '../calls/breaker.ts'
import { breakerMeasures } from './breaker-measures.ts'

it.each([
  ['closed', 0],
  ['open', 1],
  ['probing', 1],
] as const)('a breaker that is %s reads %i', (state, expected) => {
  const breaker: BreakerState = { state, opened: 2, refused: 30 }
  const measures = breakerMeasures({ writes: breaker }, { realm: 'shop' }).measures()
  const told = measures.map((measure) => [measure.name, measure.kind === 'histogram' ? [] : measure.value])
  expect(Object.fromEntries(told)).toEqual({
    'sojourn.breaker.open': expected,
    'sojourn.breaker.opened': 2,
    'sojourn.breaker.refused': 30,
  })
  expect(measures.every(({ attributes: { realm, calls } }) => realm === 'shop' && calls === 'writes')).toBe(
    true,
  )
})
