import { describe, expect, it } from 'vitest'
import { instant, NEVER } from '../../core/instant.ts'
import { turn } from '../../environment/turn.ts'
import { type Call, F, held, setUp } from './fence-port.fixture.ts'

const refuses =
  (text: string, refused = /^SET/) =>
  ({ name, healthy }: Call) => {
    if (refused.test(name)) throw new Error(text)
    return healthy()
  }

describe('a single server', () => {
  it('is confirmed by a write that it takes, from sending it, for as long as the fence says', async () => {
    const { environment, fence, isConfirmed } = setUp()
    expect([isConfirmed(), fence.lastConfirmed(0)]).toEqual([false, expect.objectContaining(NEVER)])
    const sentAt = instant(environment)
    expect(await fence.confirm(0)).toBe(true)
    expect(fence.lastConfirmed(0)).toMatchObject(sentAt)
    fence.close()
    expect(isConfirmed()).toBe(false)
  })

  it('needs no timer to fire', async () => {
    const { fence, isConfirmed } = setUp()
    expect([await fence.confirm(0), await fence.confirm(0), isConfirmed()]).toEqual([true, true, true])
  })

  it('is no longer confirmed a moment after the fence, however late the answer came', async () => {
    const { environment, port, fence, isConfirmed } = setUp()
    const answer = held()
    port.answer = ({ healthy }) => answer.promise.then(healthy)
    const confirmed = fence.confirm(0)
    await environment.advance(1900)
    expect(isConfirmed()).toBe(false)
    answer.release()
    expect(await confirmed).toBe(true)
    port.answer = refuses('READONLY You can’t write against a read only replica.')
    await environment.advance(F - 1900)
    expect(isConfirmed()).toBe(true)
    await environment.advance(1)
    expect(isConfirmed()).toBe(false)
  })

  it('is believed as long as the clock says that says less', async () => {
    const { environment, fence, isConfirmed } = setUp()
    await fence.confirm(0)
    environment.step(F)
    expect(isConfirmed()).toBe(true)
    environment.step(1)
    expect(isConfirmed()).toBe(false)
    expect(await fence.confirm(0)).toBe(true)
    environment.step(-3_600_000)
    expect(isConfirmed()).toBe(true)
    const later = { monotonic: environment.monotonic() + F + 1, wall: environment.now() }
    expect(fence.isConfirmed(0, later)).toBe(false)
  })

  it('is not confirmed by a heartbeat during which the wall clock jumped beyond the fence', async () => {
    const { environment, port, fence, isConfirmed } = setUp()
    port.answer = ({ healthy }) => {
      environment.step(F + 1)
      return healthy()
    }
    expect([await fence.confirm(0), isConfirmed()]).toEqual([false, false])
  })

  it('is not to blame for what failed when this process was held up beyond the fence', async () => {
    const { environment, port, fence } = setUp()
    port.answer = () => {
      environment.step(F + 1)
      throw new Error('The heartbeat has ended.')
    }
    expect([await fence.confirm(0), fence.lastFailure(0)]).toEqual([false, undefined])
  })

  it('goes on being confirmed after the wall clock was set back', async () => {
    const { environment, fence, isConfirmed } = setUp()
    await fence.confirm(0)
    environment.step(-3_600_000)
    for (let seconds = 0; seconds < 12; seconds++) {
      await environment.advance(1000)
      expect(isConfirmed()).toBe(true)
    }
  })

  it('is sent one heartbeat at a time, which all who ask join', async () => {
    const { environment, port, fence, count } = setUp()
    const answer = held()
    port.answer = ({ healthy }) => answer.promise.then(healthy)
    const confirmed = [fence.confirm(0), fence.confirm(0)]
    await environment.advance(1500)
    expect(count('SET')).toBe(1)
    answer.release()
    expect(await Promise.all(confirmed)).toEqual([true, true])
  })

  it('is given up when it does not answer, and counted from the sending when it does at last', async () => {
    const { environment, port, fence, isConfirmed, count } = setUp()
    const first = held()
    port.answer = ({ healthy }) => first.promise.then(healthy)
    const confirmed = fence.confirm(0)
    await environment.advance(F * 0.4)
    expect(await confirmed).toBe(false)
    expect(fence.lastFailure(0)).toMatchObject({ code: 'STORE_UNCONFIRMED' })
    port.answer = () => new Promise(() => undefined)
    await environment.advance(1000)
    expect(count('SET')).toBe(2)
    first.release()
    await turn()
    expect([isConfirmed(), fence.lastConfirmed(0).monotonic]).toEqual([true, 0])
  })

  it('is not put back by an older heartbeat that is answered after a later one', async () => {
    const { environment, port, fence } = setUp()
    const first = held()
    port.answer = ({ healthy }) => first.promise.then(healthy)
    void fence.confirm(0)
    await environment.advance(F * 0.4)
    port.answer = ({ healthy }) => healthy()
    expect(await fence.confirm(0)).toBe(true)
    const later = fence.lastConfirmed(0)
    first.release()
    await turn()
    expect(fence.lastConfirmed(0)).toBe(later)
    expect(later.monotonic).toBe(F * 0.4)
    expect(fence.measures()[0]).toMatchObject({ name: 'sojourn.redis.fence.age', value: 0 })
  })

  it('says from when a read is known to be so: from the oldest heartbeat that may still be answered', async () => {
    const { environment, port, fence, isConfirmed } = setUp()
    const [first, second] = [held(), held()]
    port.answer = ({ healthy }) => first.promise.then(healthy)
    expect(fence.standsOn(0)).toBeUndefined()
    void fence.confirm(0)
    await environment.advance(F * 0.4)
    port.answer = () => second.promise.then(() => Promise.reject(new Error('READONLY')))
    const asked = fence.confirm(0)
    await environment.advance(500)
    expect(fence.standsOn(0)).toMatchObject({ monotonic: 0 })
    first.release()
    second.release()
    expect([await asked, isConfirmed(), fence.lastConfirmed(0).monotonic]).toEqual([true, true, 0])
  })

  it('says it of a heartbeat that is under way, and no longer once reads may go to another server', async () => {
    const { environment, port, fence } = setUp()
    port.answer = () => new Promise(() => undefined)
    void fence.confirm(0)
    await environment.advance(100)
    expect(fence.standsOn(0)).toMatchObject({ monotonic: 0 })
    port.routingChanged()
    expect(fence.standsOn(0)).toBeUndefined()
  })

  it('forgets a heartbeat that is never answered when it would not count any more', async () => {
    const { environment, port, fence } = setUp()
    port.answer = () => new Promise(() => undefined)
    void fence.confirm(0)
    await environment.advance(F + 1)
    expect(fence.standsOn(0)?.monotonic).not.toBe(0)
  })

  it('has no failure when an older heartbeat fails after a later one was confirmed', async () => {
    const { environment, port, fence } = setUp()
    const first = held()
    port.answer = () => first.promise.then(() => Promise.reject(new Error('READONLY')))
    void fence.confirm(0)
    await environment.advance(F * 0.4)
    port.answer = ({ healthy }) => healthy()
    expect(await fence.confirm(0)).toBe(true)
    first.release()
    await turn()
    expect(fence.lastFailure(0)).toBeUndefined()
  })

  it('is asked again and again while somebody asks, and left alone when nobody does', async () => {
    const { environment, fence, isConfirmed, count } = setUp()
    await fence.confirm(0)
    for (let seconds = 0; seconds < 20; seconds++) {
      await environment.advance(1000)
      expect(isConfirmed()).toBe(true)
    }
    expect(count('SET')).toBeGreaterThanOrEqual(20)
    await environment.advance(20_000)
    const asked = count('SET')
    expect([environment.timers, isConfirmed()]).toEqual([0, false])
    await environment.advance(60_000)
    expect(count('SET')).toBe(asked)
    expect([await fence.confirm(0), environment.timers]).toEqual([true, 1])
  })

  it('is asked again and again also while somebody only reads', async () => {
    const { environment, fence } = setUp()
    await fence.confirm(0)
    for (let seconds = 0; seconds < 30; seconds++) {
      await environment.advance(1000)
      const { monotonic } = fence.lastConfirmed(0)
      expect(environment.monotonic() - monotonic).toBeLessThan(F / 2)
    }
  })

  it('keeps a key that ends by itself', async () => {
    const { port, fence, layout } = setUp()
    await fence.confirm(0)
    const [{ key, args }] = port.calls as [Call]
    expect(key.startsWith(`s:{${layout.tags[0]}}:beat:`)).toBe(true)
    expect(args).toEqual(['SET', key, '1', 'PX', '10000'])
  })

  it('is confirmed when its memory is full, by a script that may exceed it', async () => {
    const { port, fence, count } = setUp()
    port.answer = refuses("OOM command not allowed when used memory > 'maxmemory'.")
    expect([await fence.confirm(0), count('EVAL'), count('ROLE')]).toEqual([true, 1, 0])
  })

  it.each([
    ['its disk fails', 'MISCONF Redis is configured to save RDB snapshots'],
    ['too few replicas are in touch', 'NOREPLICAS Not enough good replicas to write.'],
    ['its memory is full and it knows no such script', 'OOM command not allowed'],
  ])('is confirmed when it refuses writes because %s, if it says that it is a primary', async (_, text) => {
    const { port, fence } = setUp()
    port.answer = refuses(text, /^(SET|EVAL)/)
    expect(await fence.confirm(0)).toBe(true)
  })

  it('is not confirmed when it refuses writes and is a replica', async () => {
    const { port, fence } = setUp()
    port.answer = (call) =>
      call.name === 'ROLE' ? ['slave', '127.0.0.1', 6379, 'connected', 0] : refuses('MISCONF')(call)
    expect(await fence.confirm(0)).toBe(false)
    expect(fence.lastFailure(0)).toMatchObject({ code: 'STORE_UNCONFIRMED' })
  })

  it.each(['READONLY', 'NOPERM this user', 'LOADING', 'The connection was lost.'])(
    'is not confirmed by %s, and the reason is kept until it is',
    async (text) => {
      const { port, fence, count } = setUp()
      port.answer = refuses(text)
      expect([await fence.confirm(0), count('ROLE')]).toEqual([false, 0])
      expect(fence.lastFailure(0)).toMatchObject({ message: text })
      port.answer = ({ healthy }) => healthy()
      expect([await fence.confirm(0), fence.lastFailure(0)]).toEqual([true, undefined])
    },
  )
})

describe('where reads may go to another server', () => {
  it('what was confirmed before counts no more', async () => {
    const { port, fence, isConfirmed } = setUp()
    await fence.confirm(0)
    port.routingChanged()
    expect(isConfirmed()).toBe(false)
    expect([await fence.confirm(0), isConfirmed()]).toEqual([true, true])
  })

  it('a heartbeat that was under way confirms nothing', async () => {
    const { port, fence, isConfirmed } = setUp()
    const answer = held()
    port.answer = ({ healthy }) => answer.promise.then(healthy)
    const before = fence.confirm(0)
    port.routingChanged()
    port.answer = () => Promise.reject(new Error('no connection'))
    expect(await fence.confirm(0)).toBe(false)
    answer.release()
    await turn()
    expect([isConfirmed(), await before]).toEqual([false, false])
  })

  it('who asked before gets no confirmation from a heartbeat that came after', async () => {
    const { port, fence, isConfirmed } = setUp()
    const answer = held()
    port.answer = ({ healthy }) => answer.promise.then(healthy)
    const before = fence.confirm(0)
    port.routingChanged()
    port.answer = ({ healthy }) => healthy()
    expect(await fence.confirm(0)).toBe(true)
    answer.release()
    expect([await before, isConfirmed()]).toEqual([false, true])
  })

  it('nobody listens after the end', async () => {
    const { port, fence, environment, isConfirmed } = setUp()
    const answer = held()
    port.answer = ({ healthy }) => answer.promise.then(healthy)
    const confirmed = fence.confirm(0)
    fence.close()
    fence.close()
    answer.release()
    expect([await confirmed, isConfirmed(), await fence.confirm(0)]).toEqual([false, false, false])
    await environment.advance(60_000)
    expect([port.calls.length, environment.timers, port.isWatched()]).toEqual([1, 0, false])
  })

  it('nothing is sent by one that was ended before it was used', async () => {
    const { port, fence, environment } = setUp()
    fence.close()
    expect([await fence.confirm(0), port.calls.length, environment.timers]).toEqual([false, 0, 0])
  })
})

describe('what others see', () => {
  it('keeps its age when reads may go to another server', async () => {
    const { environment, port, fence } = setUp()
    const age = (): unknown => fence.measures()[0]
    await environment.advance(3_000)
    await fence.confirm(0)
    await environment.advance(400)
    port.answer = refuses('READONLY')
    port.routingChanged()
    await fence.confirm(0)
    expect(age()).toMatchObject({ name: 'sojourn.redis.fence.age', value: 0.4 })
  })

  it('is measured', async () => {
    const { environment, port, fence } = setUp()
    const figure = (name: string, attribute: string): number | undefined =>
      fence
        .measures()
        .flatMap((measure) => (measure.kind === 'histogram' ? [] : [measure]))
        .find((found) => found.name === name && Object.values(found.attributes).includes(attribute))?.value
    const states = (): (number | undefined)[] =>
      ['confirmed', 'unconfirmed', 'idle'].map((state) => figure('sojourn.redis.fence.primaries', state))
    expect([states(), figure('sojourn.redis.fence.age', '0')]).toEqual([[0, 0, 1], 0])
    await environment.advance(700)
    port.answer = refuses('READONLY')
    await fence.confirm(0)
    expect([states(), figure('sojourn.redis.fence.age', '0')]).toEqual([[0, 1, 0], 0.7])
    port.answer = ({ healthy }) => healthy()
    await fence.confirm(0)
    expect([states(), figure('sojourn.redis.fence.age', '0')]).toEqual([[1, 0, 0], 0])
    expect(figure('sojourn.redis.fence.heartbeats', 'acknowledged')).toBe(1)
    expect(figure('sojourn.redis.fence.heartbeats', 'failed')).toBe(1)
  })
})
