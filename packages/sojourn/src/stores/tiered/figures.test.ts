import { describe, expect, it } from 'vitest'
import { makeNumber } from '../../testing/index.ts'
import { memoryStore } from '../memory/index.ts'
import { given, NUMBER, ROSTER, tiers, touched } from './hot.fixture.ts'
import { tieredStore } from './index.ts'

describe('the figures of the near cache', () => {
  it('count what happened, each once', async () => {
    const { environment, tiered, elsewhere, feed, peek, figure } = tiers()
    await given(elsewhere)
    await Promise.all([tiered.read(ROSTER, NUMBER), tiered.read(ROSTER, NUMBER)])
    peek()
    peek()
    await tiered.read(ROSTER, makeNumber(9))
    peek(makeNumber(9))
    environment.step(5_000)
    peek()
    await touched(tiered)
    feed.changed(ROSTER)
    feed.lost()
    const names = 'hits negative_hits misses joined invalidations flushes discarded_fills expired entries'
    expect(Object.fromEntries(names.split(' ').map((name) => [name, figure(name)]))).toEqual({
      hits: 2,
      negative_hits: 1,
      misses: 2,
      joined: 1,
      invalidations: 1,
      flushes: 1,
      discarded_fills: 0,
      expired: 1,
      entries: 0,
    })
  })

  it('know the oldest that was served in the last two turns, by the clock that says more', async () => {
    const { environment, tiered, elsewhere, peek, figure } = tiers()
    await given(elsewhere)
    await tiered.read(ROSTER, NUMBER)
    await environment.advance(1_000)
    environment.step(2_000)
    peek()
    environment.step(-2_000)
    peek()
    expect(figure('age.max')).toBe(3)
    peek()
    await environment.advance(10_000)
    expect(figure('age.max')).toBe(3)
    expect(figure('age.max')).toBe(1)
    await environment.advance(10_000)
    expect(figure('age.max')).toBe(1)
    expect(figure('age.max')).toBe(0)
  })

  it('tell the oldest to each of two who look, however often', async () => {
    const { environment, tiered, elsewhere, peek, figure } = tiers()
    await given(elsewhere)
    figure('age.max')
    await tiered.read(ROSTER, NUMBER)
    await environment.advance(1_000)
    peek()
    const seen: number[] = []
    for (let look = 0; look < 4; look++) {
      seen.push(figure('age.max'))
      await environment.advance(2_000)
    }
    expect(seen).toEqual([1, 1, 1, 1])
  })

  it('know how old an answer was that took long', async () => {
    const { environment, tiered, faults, figure } = tiers()
    const gate = faults.hold({ on: 'read', at: 'answer' })
    const read = tiered.read(ROSTER, NUMBER)
    await gate.arrived()
    await environment.advance(200)
    gate.release()
    await read
    expect(figure('age.max')).toBe(0.2)
  })

  it('are those of the hot store besides', () => {
    const own = { kind: 'gauge', name: 'hot', description: '', unit: '1', attributes: {}, value: 7 } as const
    const tiered = tieredStore({ hot: { ...memoryStore(), measures: () => [own] } as never })
    expect(tiered.measures().at(-1)).toBe(own)
  })
})
