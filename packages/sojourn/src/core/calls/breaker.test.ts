/** Deadlines and breaker together, as the engine uses them: what calls are made, and what the others are told. */
import { describe, expect, it } from 'vitest'
import { turn } from '../../environment/turn.ts'
import { type FakeEnvironment, fakeEnvironment } from '../../testing/fake-environment.ts'
import { InputError, SystemError } from '../errors.ts'
import { type Breaker, createBreaker, LONGEST_PAUSE_MS } from './breaker.ts'
import { createDeadlines, type Deadlines } from './deadline.ts'

const never = (): Promise<never> => new Promise(() => undefined)
const outage = (code: SystemError['code'] = 'STORE_UNAVAILABLE'): SystemError => new SystemError(code, 'no')

interface Setting {
  readonly environment: FakeEnvironment
  readonly breaker: Breaker
  readonly deadlines: Deadlines
  readonly told: string[]
  /** Ten calls that fail with this, over 270 ms. */
  readonly failing: (thrown?: unknown) => Promise<void>
  /** `made`, or the code that the call was turned away with. */
  readonly outcomeOf: (call?: () => Promise<unknown>, options?: { urgent: boolean }) => Promise<string>
}

function setUp(mostInFlight = 100): Setting {
  const environment = fakeEnvironment()
  const told: string[] = []
  const breaker = createBreaker({ environment, kind: 'checks', changed: (to) => void told.push(to) })
  const deadlines = createDeadlines(environment, { ms: 250, mostInFlight, breaker })
  const outcomeOf: Setting['outcomeOf'] = async (call = async () => undefined, options) => {
    const seen = { made: false }
    const made = (): Promise<unknown> => {
      seen.made = true
      return call()
    }
    const code = await deadlines.limit(made, options).then(
      () => 'answered',
      (error: unknown) => (error instanceof SystemError ? error.code : 'other'),
    )
    return seen.made ? `made ${code}` : code
  }
  async function failing(thrown: unknown = outage()): Promise<void> {
    for (let call = 0; call < 10; call++) {
      await outcomeOf(() => Promise.reject(thrown))
      if (call < 9) await environment.advance(30)
    }
  }
  return { environment, breaker, deadlines, told, failing, outcomeOf }
}

describe('it opens', () => {
  it('after ten failures in a row over a quarter of a second, and turns calls away unmade', async () => {
    const { breaker, failing, outcomeOf, told } = setUp()
    await failing()
    expect([breaker.state, breaker.opened, told]).toEqual(['open', 1, ['opened']])
    expect(await outcomeOf()).toBe('STORE_UNAVAILABLE')
    expect(breaker.refused).toBe(1)
  })

  it('saying that the call was not made, and that it may be made later', async () => {
    const { deadlines, failing } = setUp()
    await failing()
    await expect(deadlines.limit(async () => 1)).rejects.toMatchObject({
      retryable: true,
      message: expect.stringMatching(/^The store has kept failing \(checks\), so this call was not made\./),
    })
  })

  it('not for many failures at one instant', async () => {
    const { breaker, environment, outcomeOf } = setUp()
    for (let call = 0; call < 50; call++) await outcomeOf(() => Promise.reject(outage()))
    await environment.advance(249)
    await outcomeOf(() => Promise.reject(outage()))
    expect(breaker.state).toBe('closed')
    await environment.advance(1)
    await outcomeOf(() => Promise.reject(outage()))
    expect(breaker.state).toBe('open')
  })

  it('not while one call in ten is answered', async () => {
    const { breaker, environment, outcomeOf } = setUp()
    for (let call = 0; call < 100; call++) {
      await outcomeOf(call % 10 === 9 ? undefined : () => Promise.reject(outage()))
      await environment.advance(50)
    }
    expect(breaker.opened).toBe(0)
  })

  it('not for the part of a cluster that is gone, when the answers of the others come behind its failures', async () => {
    const { breaker, environment, outcomeOf } = setUp()
    for (let batch = 0; batch < 40; batch++) {
      for (let call = 0; call < 20; call++) await outcomeOf(() => Promise.reject(outage()))
      for (let call = 0; call < 40; call++) await outcomeOf()
      await environment.advance(300)
    }
    expect(breaker.opened).toBe(0)
  })

  it('within three seconds when that part was gone and the rest goes too', async () => {
    const { breaker, environment, outcomeOf } = setUp()
    for (let call = 0; call < 100; call++) {
      await outcomeOf(call % 3 === 0 ? () => Promise.reject(outage()) : undefined)
      await environment.advance(20)
    }
    expect(breaker.state).toBe('closed')
    for (let call = 0; call < 150 && breaker.state === 'closed'; call++) {
      await outcomeOf(() => Promise.reject(outage()))
      await environment.advance(20)
    }
    expect(breaker.state).toBe('open')
  })

  it('at once when the store goes that failed now and then before', async () => {
    const { breaker, environment, failing, outcomeOf } = setUp()
    await outcomeOf(() => Promise.reject(outage()))
    for (let call = 0; call < 100; call++) await outcomeOf()
    await environment.advance(2_000)
    await failing()
    expect(breaker.state).toBe('open')
  })

  it.each<[boolean, unknown]>([
    [true, outage('DEADLINE_EXCEEDED')],
    [true, new Error('thrown by a driver')],
    [false, outage('CONTENTION')],
    [false, outage('STORE_FULL')],
    [false, outage('STORE_READ_ONLY')],
    [false, outage('STORE_CORRUPT')],
    [false, outage('STORE_UNCONFIRMED')],
    [false, outage('OVERLOADED')],
    [false, new InputError('DATA_TOO_LARGE', 'of one user')],
  ])('%s: when calls end with %s', async (opens, error) => {
    const { breaker, failing } = setUp()
    await failing(error)
    expect(breaker.opened).toBe(opens ? 1 : 0)
  })

  it('when calls do not come back, also once so many are out that no other is made', async () => {
    const { breaker, deadlines, environment, outcomeOf } = setUp(20)
    for (let call = 0; call < 20; call++) deadlines.limit(never).catch(() => undefined)
    await environment.advance(250)
    expect(await outcomeOf()).toBe('OVERLOADED')
    await environment.advance(250)
    expect([await outcomeOf(), breaker.state]).toEqual(['OVERLOADED', 'open'])
    expect(await outcomeOf()).toBe('STORE_UNAVAILABLE')
  })
})

describe('while it is open', () => {
  it('one call at a time probes, and between two probes is a jittered pause', async () => {
    const { breaker, environment, failing, outcomeOf } = setUp()
    await failing()
    const probedAt: number[] = []
    for (let at = 0; at < 6_000; at += 20) {
      const [first, second] = [outcomeOf(() => Promise.reject(outage())), outcomeOf()]
      if ((await first).startsWith('made')) probedAt.push(at)
      expect(await second).toBe('STORE_UNAVAILABLE')
      await environment.advance(20)
    }
    const pauses = probedAt.slice(1).map((at, index) => at - (probedAt[index] ?? 0))
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(100)
    expect(Math.max(...pauses)).toBeLessThanOrEqual(LONGEST_PAUSE_MS + 20)
    expect(new Set(pauses).size).toBeGreaterThan(5)
    expect(breaker.opened).toBe(1)
  })

  it('no other call is made until the probe is answered; then all are', async () => {
    const { breaker, deadlines, environment, failing, outcomeOf, told } = setUp()
    await failing()
    await environment.advance(LONGEST_PAUSE_MS)
    let answer: () => void = () => undefined
    const probe = deadlines.limit(() => new Promise<void>((resolve) => (answer = resolve)))
    expect([breaker.state, await outcomeOf()]).toEqual(['probing', 'STORE_UNAVAILABLE'])
    answer()
    await probe
    expect([breaker.state, told]).toEqual(['closed', ['opened', 'closed']])
    const all = await Promise.all(Array.from({ length: 50 }, () => outcomeOf()))
    expect(new Set(all)).toEqual(new Set(['made answered']))
  })

  it('a probe that is not answered in time begins another pause', async () => {
    const { breaker, deadlines, environment, failing } = setUp()
    await failing()
    await environment.advance(LONGEST_PAUSE_MS)
    deadlines.limit(never).catch(() => undefined)
    await environment.advance(250)
    expect(breaker.state).toBe('open')
  })

  it('a probe that learnt nothing of the store is followed by another at once', async () => {
    const { environment, failing, outcomeOf } = setUp()
    await failing()
    await environment.advance(LONGEST_PAUSE_MS)
    expect(await outcomeOf(() => Promise.reject(outage('STORE_UNCONFIRMED')))).toBe('made STORE_UNCONFIRMED')
    expect(await outcomeOf()).toBe('made answered')
  })

  it('a store that refuses something is one that answers', async () => {
    const { breaker, environment, failing, outcomeOf } = setUp()
    await failing()
    await environment.advance(LONGEST_PAUSE_MS)
    await outcomeOf(() => Promise.reject(outage('STORE_READ_ONLY')))
    expect(breaker.state).toBe('closed')
  })

  it('an answer that comes too late closes nothing, and lets the next call probe at once', async () => {
    const { breaker, deadlines, failing, outcomeOf } = setUp()
    let answer: () => void = () => undefined
    deadlines.limit(() => new Promise<void>((resolve) => (answer = resolve))).catch(() => undefined)
    await failing()
    expect([breaker.state, await outcomeOf()]).toEqual(['open', 'STORE_UNAVAILABLE'])
    answer()
    await turn()
    expect(breaker.state).toBe('open')
    expect([await outcomeOf(() => Promise.reject(outage())), await outcomeOf()]).toEqual([
      'made STORE_UNAVAILABLE',
      'STORE_UNAVAILABLE',
    ])
  })

  it('an urgent call is made, and closes it when it is answered', async () => {
    const { breaker, failing, outcomeOf } = setUp()
    await failing()
    expect(await outcomeOf(() => Promise.reject(outage()), { urgent: true })).toBe('made STORE_UNAVAILABLE')
    expect(breaker.state).toBe('open')
    expect(await outcomeOf(undefined, { urgent: true })).toBe('made answered')
    expect(breaker.state).toBe('closed')
  })

  it('failures of calls that were not the probe prolong no pause', async () => {
    const { environment, failing, outcomeOf } = setUp()
    await failing()
    const outcomes = new Set<string>()
    for (let at = 0; at <= LONGEST_PAUSE_MS; at += 50) {
      await outcomeOf(() => Promise.reject(outage()), { urgent: true })
      outcomes.add(await outcomeOf())
      await environment.advance(50)
    }
    expect(outcomes).toEqual(new Set(['STORE_UNAVAILABLE', 'made answered']))
  })

  it('and all places are taken by calls that never come back, a probe takes the place of the oldest', async () => {
    const { deadlines, environment, outcomeOf } = setUp(20)
    for (let call = 0; call < 20; call++) deadlines.limit(never).catch(() => undefined)
    await environment.advance(500)
    await outcomeOf()
    await environment.advance(LONGEST_PAUSE_MS)
    expect(await outcomeOf()).toBe('made answered')
    const all = await Promise.all(Array.from({ length: 20 }, () => outcomeOf()))
    expect(new Set(all), 'those that were given up are written off').toEqual(new Set(['made answered']))
  })
})
