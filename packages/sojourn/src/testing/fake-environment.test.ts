import { describe, expect, it } from 'vitest'
import { FAKE_START, fakeClock, fakeEnvironment } from './index.ts'

describe('fakeEnvironment', () => {
  it('stands still until it is moved', async () => {
    const clock = fakeClock()
    expect([clock.now(), clock.monotonic()]).toEqual([FAKE_START, 0])
    await clock.advance(1_500)
    expect([clock.now(), clock.monotonic()]).toEqual([FAKE_START + 1_500, 1_500])
    expect(fakeClock({ now: 7 }).now()).toBe(7)
  })

  it('steps the wall clock alone', async () => {
    const clock = fakeClock()
    let ran = false
    clock.after(10, () => {
      ran = true
    })
    clock.step(60_000)
    clock.step(-90_000)
    expect([clock.now(), clock.monotonic(), ran]).toEqual([FAKE_START - 30_000, 0, false])
  })

  it('runs timers in the order they fall due, each at its time, those they arm included', async () => {
    const clock = fakeClock()
    const ran: string[] = []
    const note = (name: string) => () => void ran.push(`${name} at ${clock.monotonic()}`)
    clock.after(30, note('c'))
    clock.after(10, () => {
      note('a')()
      clock.after(10, note('b'))
      clock.after(100, note('later'))
    })
    clock.after(30, note('d'))
    clock.after(20, note('cancelled')).cancel()
    expect(clock.timers).toBe(3)
    await clock.advance(30)
    expect(ran).toEqual(['a at 10', 'b at 20', 'c at 30', 'd at 30'])
    expect(clock.timers).toBe(1)
  })

  it('lets promise jobs run before, between and after timers', async () => {
    const clock = fakeClock()
    const ran: string[] = []
    void sleepTwice()
    await clock.advance(20)
    expect(ran).toEqual(['first at 10', 'second at 20'])

    async function sleepTwice(): Promise<void> {
      await Promise.resolve()
      for (const name of ['first', 'second']) {
        await new Promise<void>((wake) => clock.after(10, wake))
        ran.push(`${name} at ${clock.monotonic()}`)
      }
    }
  })

  it('does not spin on a timer that always arms itself again', async () => {
    const clock = fakeClock()
    let runs = 0
    const again = (): void => {
      runs += 1
      clock.after(0, again)
    }
    again()
    await clock.advance(5)
    expect(runs).toBe(6)
  })

  it('gives the same chance for the same seed', () => {
    const draw = (seed: number) => {
      const environment = fakeEnvironment({ seed })
      const bytes = () => environment.randomBytes(33).toString('hex')
      return [bytes(), bytes(), environment.jitter()]
    }
    expect(draw(1)).toEqual(draw(1))
    expect(new Set([...draw(1), ...draw(2)]).size).toBe(6)
  })

  it('fails to give random bytes on command', () => {
    const environment = fakeEnvironment()
    environment.randomnessFails = true
    expect(() => environment.randomBytes(6)).toThrow(expect.objectContaining({ code: 'RANDOMNESS_FAILED' }))
    environment.randomnessFails = false
    expect(environment.randomBytes(6)).toHaveLength(6)
  })

  it('collects what is logged', () => {
    const environment = fakeEnvironment()
    environment.log({ level: 'warn', message: 'one' })
    expect(environment.logs).toEqual([{ level: 'warn', message: 'one' }])
  })
})
