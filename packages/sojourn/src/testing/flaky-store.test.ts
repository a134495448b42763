import { describe, expect, it } from 'vitest'
import { authorityOf, readsSynchronously } from '../core/store.ts'
import { memoryStore } from '../stores/memory/index.ts'
import { tieredStore } from '../stores/tiered/index.ts'
import {
  fakeEnvironment,
  flakyStore,
  makeChange,
  makeHeader,
  makeNumber,
  makeRecord,
  makeRosterKey,
  storeConformance,
} from './index.ts'

const ROSTER = makeRosterKey(1)
const CREATE = makeChange({ header: makeHeader(), put: [makeRecord()] })

describe('without a fault', () => {
  storeConformance({
    name: 'flakyStore around memoryStore',
    runner: { describe, it },
    open: (environment) => flakyStore(memoryStore({ environment })),
  })
})

describe('flakyStore', () => {
  it('fails before applying', async () => {
    const { inner, store } = setUp()
    store.faults.fail({ on: 'commit' })
    await expect(store.commit(ROSTER, CREATE)).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      retryable: true,
    })
    expect(await inner.list(ROSTER)).toBeUndefined()
    expect(await store.commit(ROSTER, CREATE)).toBe('committed')
  })

  it('applies and then fails, with the error it was given', async () => {
    const { inner, store } = setUp()
    store.faults.failAfter({ on: 'commit', error: new Error('reset') })
    await expect(store.commit(ROSTER, CREATE)).rejects.toThrow('reset')
    expect(await inner.list(ROSTER)).toBeDefined()
  })

  it('answers uncertain where the change was applied, and only there', async () => {
    const { inner, store } = setUp()
    store.faults.uncertain({ times: 2 })
    expect(await store.commit(ROSTER, CREATE)).toBe('uncertain')
    expect(await inner.list(ROSTER)).toBeDefined()
    expect(await store.commit(ROSTER, CREATE)).toBe('conflict')
  })

  it('hits the calls that were meant: operation, skip, times', async () => {
    const { store } = setUp()
    store.faults.fail({ on: 'ping', skip: 1, times: 2 })
    expect(await store.list(ROSTER)).toBeUndefined()
    await store.ping()
    await expect(store.ping()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    await expect(store.ping()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    await store.ping()
    expect(store.faults.calls).toMatchObject({ ping: 4, list: 1, commit: 0 })
  })

  it('is down for everything until it is healed', async () => {
    const { store } = setUp()
    store.faults.fail({ times: Number.POSITIVE_INFINITY })
    const calls = [
      () => store.ping(),
      () => store.list(ROSTER),
      () => store.read(ROSTER, makeNumber(1)),
      () => store.commit(ROSTER, CREATE),
      () => store.documents.get('ring'),
      () => store.documents.put('ring', 'absent', ''),
    ]
    for (const call of calls) await expect(call()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    store.faults.heal()
    for (const call of calls) await call()
  })

  it('hangs without applying', async () => {
    const { environment, inner, store } = setUp()
    store.faults.hang({ on: 'commit' })
    let settled = false
    void store.commit(ROSTER, CREATE).finally(() => {
      settled = true
    })
    await environment.advance(3_600_000)
    expect(settled).toBe(false)
    expect(await inner.list(ROSTER)).toBeUndefined()
  })

  it('delays by the clock it was given', async () => {
    const { environment, inner, store } = setUp()
    store.faults.delay(100, { on: 'commit' })
    const answer = store.commit(ROSTER, CREATE)
    await environment.advance(99)
    expect(await inner.list(ROSTER)).toBeUndefined()
    await environment.advance(1)
    expect(await answer).toBe('committed')
  })

  it('holds calls until they are released, in order', async () => {
    const { inner, store } = setUp()
    const gate = store.faults.hold({ on: 'commit', times: 2 })
    const first = store.commit(ROSTER, CREATE)
    const second = store.commit(ROSTER, { ...CREATE, put: [] })
    await gate.arrived(2)
    expect(gate.waiting).toBe(2)
    expect(await inner.list(ROSTER)).toBeUndefined()
    gate.releaseOne()
    expect(await first).toBe('committed')
    expect(gate.waiting).toBe(1)
    gate.release()
    expect(await second).toBe('conflict')
  })

  it('holds an answer whose change is applied', async () => {
    const { inner, store } = setUp()
    const gate = store.faults.hold({ on: 'commit', at: 'answer' })
    const answer = store.commit(ROSTER, CREATE)
    await gate.arrived()
    expect(await inner.list(ROSTER)).toBeDefined()
    store.faults.heal()
    expect(await answer).toBe('committed')
  })

  it('stands in front of the authority, too, where a store keeps copies of one', async () => {
    const { inner, environment } = setUp()
    const store = flakyStore(tieredStore({ hot: inner, environment }))
    const authority = authorityOf(store)
    expect(authority).not.toBe(store)
    store.faults.fail({ on: 'read' })
    await expect(authority.read(ROSTER, makeNumber(1))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    expect(await authority.read(ROSTER, makeNumber(1))).toBeUndefined()
    expect(readsSynchronously(authority) && authority.peek(ROSTER, makeNumber(1))).toBe('ask')
  })

  it('hides the peek unless it is asked for', async () => {
    const inner = memoryStore()
    expect(flakyStore(inner).peek(ROSTER, makeNumber(1))).toBe('ask')
    expect(flakyStore(inner, { peek: true }).peek(ROSTER, makeNumber(1))).toBeUndefined()
  })
})

function setUp() {
  const environment = fakeEnvironment()
  const inner = memoryStore({ environment })
  return { environment, inner, store: flakyStore(inner, { environment }) }
}
