import { randomFillSync } from 'node:crypto'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { randomPool } from './random-pool.ts'
import { systemEnvironment } from './system.ts'

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

describe('after', () => {
  it('runs once, or not at all when it is cancelled', () => {
    vi.useFakeTimers()
    const [run, cancelled] = [vi.fn<() => void>(), vi.fn<() => void>()]
    systemEnvironment.after(1_000, run)
    systemEnvironment.after(1_000, cancelled).cancel()
    vi.advanceTimersByTime(999)
    expect(run).not.toHaveBeenCalled()
    vi.advanceTimersByTime(10_000)
    expect(run).toHaveBeenCalledTimes(1)
    expect(cancelled).not.toHaveBeenCalled()
  })

  it('keeps its word for more days than a Node timer can count', () => {
    vi.useFakeTimers()
    const day = 86_400_000
    const [run, cancelled] = [vi.fn<() => void>(), vi.fn<() => void>()]
    systemEnvironment.after(60 * day, run)
    const timer = systemEnvironment.after(60 * day, cancelled)
    vi.advanceTimersByTime(59 * day)
    timer.cancel()
    expect(run).not.toHaveBeenCalled()
    vi.advanceTimersByTime(day)
    expect(run).toHaveBeenCalledTimes(1)
    expect(cancelled).not.toHaveBeenCalled()
  })

  it('does not keep the process alive', () => {
    const armed = vi.spyOn(globalThis, 'setTimeout')
    const timer = systemEnvironment.after(60_000, () => {})
    expect(armed.mock.results.map(({ value }) => (value as NodeJS.Timeout).hasRef())).toEqual([false])
    timer.cancel()
  })

  it('keeps the process alive for what is awaited, until it is cancelled', () => {
    const armed = vi.spyOn(globalThis, 'setTimeout')
    const before = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
    const timers = [60_000, 60 * 86_400_000].map((ms) =>
      systemEnvironment.after(ms, () => {}, { awaited: true }),
    )
    expect(armed.mock.results.map(({ value }) => (value as NodeJS.Timeout).hasRef())).toEqual([true, true])
    for (const timer of timers) timer.cancel()
    expect(process.getActiveResourcesInfo().filter((name) => name === 'Timeout')).toHaveLength(before)
  })
})

describe('log', () => {
  it('is silent for info and warns of the rest', () => {
    const warning = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    systemEnvironment.log({ level: 'info', message: 'quiet' })
    systemEnvironment.log({ level: 'warn', message: 'loud', fields: { attempts: 3 } })
    systemEnvironment.log({ level: 'error', message: 'louder' })
    expect(warning.mock.calls).toEqual([
      ['loud', { type: 'SojournWarning', detail: '{"attempts":3}' }],
      ['louder', { type: 'SojournWarning' }],
    ])
  })
})

describe('randomPool', () => {
  it('hands out every byte once, as memory of its own', () => {
    let filled = 0
    const draw = randomPool((target) => {
      for (let at = 0; at < target.length; at += 4) target.writeUInt32BE(++filled, at)
    })
    const drawn = Array.from({ length: 5_000 }, () => draw(4))
    expect(new Set(drawn.map((bytes) => bytes.readUInt32BE())).size).toBe(5_000)
    const [first, second] = [draw(4), draw(4)]
    const before = Buffer.from(second)
    first.fill(0)
    expect(second).toEqual(before)
  })

  it('keeps no byte that it handed out', () => {
    let pool: Buffer = Buffer.alloc(0)
    const draw = randomPool((target) => {
      pool = target
      target.fill(0xff)
    })
    draw(33)
    draw(6)
    expect(pool.subarray(0, 39).every((byte) => byte === 0)).toBe(true)
    expect(pool[39]).toBe(0xff)
  })

  it('draws nothing before it is asked, and past the pool for a large draw', () => {
    const fill = vi.fn<(target: Buffer) => void>((target) => void target.fill(7))
    const draw = randomPool(fill)
    expect(fill).not.toHaveBeenCalled()
    expect(draw(4_096)).toEqual(Buffer.alloc(4_096, 7))
    expect(fill).toHaveBeenCalledWith(expect.objectContaining({ length: 4_096 }))
  })

  it('has no fallback for a generator that fails, not even half a pool', () => {
    let broken = true
    const draw = randomPool((target) => {
      target.fill(9, 0, 100)
      if (broken) throw new Error('no entropy')
      randomFillSync(target)
    })
    for (const count of [33, 33, 4_096]) {
      expect(() => draw(count)).toThrow(
        expect.objectContaining({ code: 'RANDOMNESS_FAILED', cause: expect.any(Error) }),
      )
    }
    broken = false
    expect(draw(33)).toHaveLength(33)
  })

  it('takes zeros for a failure', () => {
    const draw = randomPool(() => {})
    for (const count of [33, 4_096]) {
      expect(() => draw(count)).toThrow(expect.objectContaining({ code: 'RANDOMNESS_FAILED' }))
    }
  })

  it.each([-1, 1.5, Number.NaN])('refuses to draw %s bytes', (count) => {
    const draw = randomPool((target) => void target.fill(1))
    expect(() => draw(count)).toThrow(RangeError)
    expect(draw(8)).toEqual(Buffer.alloc(8, 1))
  })
})
