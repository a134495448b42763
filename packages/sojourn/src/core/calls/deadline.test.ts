import { describe, expect, it } from 'vitest'
import { turn } from '../../environment/turn.ts'
import { type FakeEnvironment, fakeEnvironment } from '../../testing/fake-environment.ts'
import type { Environment, TimerOptions } from '../environment.ts'
import { createBreaker } from './breaker.ts'
import { createDeadlines, type Deadlines } from './deadline.ts'

const never = (): Promise<never> => new Promise(() => undefined)

interface Setting {
  readonly environment: FakeEnvironment
  readonly deadlines: Deadlines
  /** How each timer was armed. */
  readonly armed: readonly (TimerOptions | undefined)[]
}

function setUp(mostInFlight = 100): Setting {
  const environment = fakeEnvironment()
  const armed: (TimerOptions | undefined)[] = []
  const observed: Environment = {
    ...environment,
    after(ms, run, options) {
      armed.push(options)
      return environment.after(ms, run)
    },
  }
  const breaker = createBreaker({ environment, kind: 'checks', changed: () => undefined })
  return { environment, armed, deadlines: createDeadlines(observed, { ms: 250, mostInFlight, breaker }) }
}

it('hands on what the call answers, and what it throws', async () => {
  const { deadlines } = setUp()
  expect(await deadlines.limit(async () => 5)).toBe(5)
  await expect(deadlines.limit(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
})

it('turns a call that throws at once into a rejection', async () => {
  const { deadlines } = setUp()
  const throws = (): Promise<never> => {
    throw new Error('at once')
  }
  await expect(deadlines.limit(throws)).rejects.toThrow('at once')
})

it('gives up at the deadline and not before, whatever the call does', async () => {
  const { deadlines, environment } = setUp()
  let outcome: unknown = 'waiting'
  deadlines.limit(never).catch((error: unknown) => (outcome = error))
  await environment.advance(249)
  expect(outcome).toBe('waiting')
  await environment.advance(1)
  expect(outcome).toMatchObject({ code: 'DEADLINE_EXCEEDED', retryable: true })
})

it('ignores an answer that comes too late', async () => {
  const { deadlines, environment } = setUp()
  let answer: (value: string) => void = () => undefined
  const limited = deadlines.limit(() => new Promise<string>((resolve) => (answer = resolve)))
  limited.catch(() => undefined)
  await environment.advance(250)
  answer('late')
  await expect(limited).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' })
})

it('uses one timer for any number of calls, each with its own deadline', async () => {
  const { deadlines, environment } = setUp()
  const ended: number[] = []
  for (let index = 0; index < 5; index++) {
    deadlines.limit(never).catch(() => ended.push(index))
    await environment.advance(10)
    expect(environment.timers).toBe(1)
  }
  await environment.advance(200)
  expect(ended).toEqual([0])
  await environment.advance(20)
  expect(ended).toEqual([0, 1, 2])
  await environment.advance(20)
  expect(ended).toEqual([0, 1, 2, 3, 4])
  expect(environment.timers).toBe(0)
})

it('keeps the process alive for a call that somebody awaits, and no longer', async () => {
  const { deadlines, environment, armed } = setUp()
  let answer: () => void = () => undefined
  const first = deadlines.limit(() => new Promise<void>((resolve) => (answer = resolve)))
  deadlines.limit(never).catch(() => undefined)
  expect([armed, environment.timers]).toEqual([[{ awaited: true }], 1])
  answer()
  await first
  expect(environment.timers).toBe(1)
  await environment.advance(250)
  expect(environment.timers).toBe(0)
  for (let calls = 0; calls < 100; calls++) {
    await deadlines.limit(async () => calls)
    expect(environment.timers).toBe(0)
  }
})

describe('the bound', () => {
  it('turns calls away at once without making them, and takes them again when others came back', async () => {
    const { deadlines } = setUp(2)
    let release: () => void = () => undefined
    const first = deadlines.limit(() => new Promise<void>((resolve) => (release = resolve)))
    deadlines.limit(never).catch(() => undefined)
    let made = false
    const refused = deadlines.limit(async () => void (made = true))
    await expect(refused).rejects.toMatchObject({ code: 'OVERLOADED', retryable: true })
    expect(made).toBe(false)
    release()
    await first
    await turn()
    await expect(deadlines.limit(async () => 'taken')).resolves.toBe('taken')
  })

  it('counts a call until it really comes back, so a store that hangs is not heaped upon', async () => {
    const { deadlines, environment } = setUp(1)
    deadlines.limit(never).catch(() => undefined)
    await environment.advance(1_000)
    await expect(deadlines.limit(async () => 1)).rejects.toMatchObject({ code: 'OVERLOADED' })
  })

  it('writes off a call that never comes back half a minute after its deadline', async () => {
    const { deadlines, environment } = setUp(1)
    deadlines.limit(never).catch(() => undefined)
    await environment.advance(30_249)
    await expect(deadlines.limit(async () => 1)).rejects.toMatchObject({ code: 'OVERLOADED' })
    await environment.advance(1)
    expect(await deadlines.limit(async () => 1)).toBe(1)
  })

  it('counts a call once that comes back after it was written off', async () => {
    const { deadlines, environment } = setUp(1)
    let release: () => void = () => undefined
    deadlines.limit(() => new Promise<void>((resolve) => (release = resolve))).catch(() => undefined)
    await environment.advance(60_000)
    deadlines.limit(never).catch(() => undefined)
    release()
    await turn()
    await expect(deadlines.limit(async () => 1)).rejects.toMatchObject({ code: 'OVERLOADED' })
  })

  it('does not write off a call that came back late', async () => {
    const { deadlines, environment } = setUp(1)
    let release: () => void = () => undefined
    deadlines.limit(() => new Promise<void>((resolve) => (release = resolve))).catch(() => undefined)
    await environment.advance(1_000)
    release()
    await turn()
    await environment.advance(60_000)
    deadlines.limit(never).catch(() => undefined)
    await expect(deadlines.limit(async () => 1)).rejects.toMatchObject({ code: 'OVERLOADED' })
  })
})
