/** What breakers tell of themselves, as measures. */
import type { BreakerState } from '../calls/breaker.ts'
import type { Described, Figure, SelfMeasuring } from '../measures.ts'

/** @param breakers by the kind of calls that each is for */
export function breakerMeasures(
  breakers: Readonly<Record<string, BreakerState>>,
  attributes: Readonly<Record<string, string>>,
): SelfMeasuring {
  return {
    measures: () =>
      Object.entries(breakers).flatMap(([calls, breaker]) => figuresOf(breaker, { ...attributes, calls })),
  }
}

function figuresOf(
  { state, opened, refused }: BreakerState,
  attributes: Described['attributes'],
): readonly Figure[] {
  return [
    {
      name: 'sojourn.breaker.open',
      description: '1 while store calls of this kind are turned away or tried one at a time, 0 otherwise.',
      unit: '{breaker}',
      kind: 'gauge',
      attributes,
      value: state === 'closed' ? 0 : 1,
    },
    {
      name: 'sojourn.breaker.opened',
      description: 'How often the store kept failing, so that calls of this kind were turned away.',
      unit: '{opening}',
      kind: 'counter',
      attributes,
      value: opened,
    },
    {
      name: 'sojourn.breaker.refused',
      description: 'Store calls that were not made, because the store kept failing.',
      unit: '{call}',
      kind: 'counter',
      attributes,
      value: refused,
    },
  ]
}
