import { describe, expect, it } from 'vitest'
import { type Call, F, held, setUp } from './fence-port.fixture.ts'

const WAITED = 'SET+WAIT 2'

describe('a primary with two voters', () => {
  it('is confirmed when both acknowledge and the heartbeat is found where reads go', async () => {
    const { port, fence } = setUp({ topology: 'sentinel', voters: 2 })
    expect(await fence.confirm(0)).toBe(true)
    expect(port.calls.map(({ name }) => name)).toEqual([WAITED, 'GET'])
  })

  it.each([0, 1])('is not confirmed by %i of them', async (acknowledging) => {
    const { port, fence, isConfirmed } = setUp({ topology: 'sentinel', voters: 2 })
    port.acknowledging = acknowledging
    port.isNamed = false
    expect([await fence.confirm(0), isConfirmed()]).toEqual([false, false])
    expect(fence.lastFailure(0)).toMatchObject({ code: 'STORE_UNCONFIRMED', retryable: true })
  })

  it('is confirmed with one of them when others name it, asked after the heartbeat was written', async () => {
    const { port, fence, isConfirmed, count } = setUp({ topology: 'sentinel', voters: 2 })
    port.acknowledging = 1
    const written = held()
    port.answer = ({ name, healthy }) => (name === WAITED ? written.promise.then(healthy) : healthy())
    const confirmed = fence.confirm(0)
    expect(count('witness')).toBe(0)
    written.release()
    expect([await confirmed, isConfirmed()]).toEqual([true, true])
    expect(port.calls.map(({ name }) => name)).toEqual([WAITED, 'witness', 'GET'])
  })

  it('is not confirmed with one of them where nobody else can know', async () => {
    const { port, fence } = setUp({ voters: 2 })
    port.acknowledging = 1
    expect(await fence.confirm(0)).toBe(false)
    port.acknowledging = 2
    expect(await fence.confirm(0)).toBe(true)
  })

  it('is not confirmed when the witness fails or hangs', async () => {
    const { environment, port, fence } = setUp({ topology: 'sentinel', voters: 2 })
    port.acknowledging = 1
    const witness = (answer: () => Promise<never>) => (call: Call) =>
      call.name === 'witness' ? answer() : call.healthy()
    port.answer = witness(() => Promise.reject(new Error('No Sentinel answers.')))
    expect([await fence.confirm(0), fence.lastFailure(0)]).toMatchObject([
      false,
      { message: 'No Sentinel answers.' },
    ])
    port.answer = witness(() => new Promise(() => undefined))
    const confirmed = fence.confirm(0)
    await environment.advance(F * 0.4)
    expect(await confirmed).toBe(false)
  })

  it('is not confirmed when reads go to a server that the heartbeat has not reached', async () => {
    const { port, fence } = setUp({ topology: 'sentinel', voters: 2 })
    port.answer = ({ name, healthy }) => (name === 'GET' ? null : healthy())
    expect(await fence.confirm(0)).toBe(false)
    port.answer = ({ name, healthy }) => (name === 'GET' ? Buffer.from('1') : healthy())
    expect(await fence.confirm(0)).toBe(false)
  })

  it('is not confirmed by a witness when reads go to a server that the heartbeat has not reached', async () => {
    const { port, fence } = setUp({ topology: 'sentinel', voters: 2 })
    port.acknowledging = 1
    port.answer = ({ name, healthy }) => (name === 'GET' ? null : healthy())
    expect(await fence.confirm(0)).toBe(false)
  })

  it('needs the witness when it takes no writes', async () => {
    const { port, fence } = setUp({ topology: 'sentinel', voters: 2 })
    port.answer = ({ name, healthy }) => {
      if (name === WAITED) throw new Error('MISCONF Redis is configured to save RDB snapshots')
      return healthy()
    }
    expect(await fence.confirm(0)).toBe(true)
    port.routingChanged()
    port.isNamed = false
    expect(await fence.confirm(0)).toBe(false)
  })

  it('needs no witness when it is full and both acknowledge', async () => {
    const { port, fence, count } = setUp({ topology: 'sentinel', voters: 2 })
    port.answer = ({ name, healthy }) => {
      if (name === WAITED) throw new Error('OOM command not allowed')
      return healthy()
    }
    expect([await fence.confirm(0), count('EVAL+WAIT 2'), count('witness')]).toEqual([true, 1, 0])
  })
})

describe('a primary that can be replaced, without voters', () => {
  it.each(['sentinel', 'cluster'] as const)('(%s) is not confirmed by a write alone', async (topology) => {
    const { port, fence } = setUp({ topology })
    const here = ({ name, healthy }: Call) =>
      name === 'CLUSTER MYID'
        ? 'a'
        : name === 'CLUSTER NODES'
          ? 'a 127.0.0.1:1@2 myself,master - 0 0 1 connected 0-16383\n'
          : healthy()
    port.answer = here
    port.isNamed = false
    expect(await fence.confirm(0)).toBe(false)
    port.isNamed = true
    expect(await fence.confirm(0)).toBe(true)
  })
})
