import assert from 'node:assert/strict'
import { describe, expect, it } from 'vitest'
import { ConfigError, SystemError } from '../../core/errors.ts'
import { NO_SESSION } from '../../core/ids.ts'
import {
  expecting,
  fakeEnvironment,
  makeChange,
  makeHeader,
  makeNumber,
  makeRecord,
  makeRosterKey,
  storeConformance,
} from '../../testing/index.ts'
import { memoryStore } from './index.ts'

const HOUR = 3_600_000

storeConformance({
  name: 'memoryStore',
  runner: { describe, it },
  open: (environment) => memoryStore({ environment }),
})

describe('the bound', () => {
  it('refuses another roster with sessions, as retryable, and does everything else', async () => {
    const { store, create } = setUp({ maxRosters: 2 })
    await create(1)
    await create(2)
    await expect(create(3)).rejects.toMatchObject({ code: 'STORE_FULL', retryable: true })
    await expect(create(3)).rejects.toBeInstanceOf(SystemError)
    expect(await store.read(makeRosterKey(3), NO_SESSION)).toBeUndefined()

    const expect1 = expecting(makeHeader(), [makeRecord()])
    const admission = makeChange({ expect: expect1, put: [makeRecord({ number: makeNumber(2) })] })
    expect(await store.commit(makeRosterKey(1), admission)).toBe('committed')
    const drop = makeChange({ expect: expect1, header: 'drop' })
    expect(await store.commit(makeRosterKey(1), drop)).toBe('committed')
    expect(await create(3)).toBe('committed')
  })

  it('lets a revocation be noted for a subject without a roster even when full', async () => {
    const { store, create } = setUp({ maxRosters: 1 })
    await create(1)
    const revocation = makeChange({ header: makeHeader({ epoch: 1 }) })
    expect(await store.commit(makeRosterKey(2), revocation)).toBe('committed')
  })

  it('answers a conflict, not that it is full, where a roster is', async () => {
    const { create } = setUp({ maxRosters: 1 })
    await create(1)
    expect(await create(1)).toBe('conflict')
  })

  it('makes room from rosters that are over, wherever they are', async () => {
    const { environment, create } = setUp({ maxRosters: 100 })
    for (let index = 1; index <= 100; index++) await create(index, index === 90 ? HOUR : 100 * HOUR)
    await environment.advance(3 * HOUR)
    expect(await create(101)).toBe('committed')
    await expect(create(102)).rejects.toMatchObject({ code: 'STORE_FULL' })
  })

  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('takes no limit of %s', (maxRosters) => {
    expect(() => memoryStore({ maxRosters })).toThrow(ConfigError)
  })
})

describe('the sweep', () => {
  it('keeps a roster for an hour past its time, and drops it in passing afterwards', async () => {
    const { store, environment, create } = setUp()
    await create(1, HOUR)
    await environment.advance(2 * HOUR)
    await create(2)
    expect(await store.list(makeRosterKey(1))).toBeDefined()
    await environment.advance(1)
    await create(3)
    expect(await store.list(makeRosterKey(1))).toBeUndefined()
  })

  it('keeps ahead of creators: what is over is gone after an eighth as many commits', async () => {
    const { store, environment, create } = setUp()
    for (let index = 1; index <= 800; index++) await create(index, HOUR)
    await environment.advance(3 * HOUR)
    for (let index = 801; index <= 801 + 130; index++) await create(index)
    for (let index = 1; index <= 800; index++) expect(await store.list(makeRosterKey(index))).toBeUndefined()
  })

  it('arms no timer', async () => {
    const { environment, create } = setUp()
    await create(1)
    expect(environment.timers).toBe(0)
  })
})

describe('peek', () => {
  it('answers at once: no roster, no record, the record', async () => {
    const { store, create } = setUp()
    expect(store.peek(makeRosterKey(1), makeNumber(1))).toBeUndefined()
    await create(1)
    const without = store.peek(makeRosterKey(1), makeNumber(2))
    expect(without).toMatchObject({ header: makeHeader() })
    expect(without).not.toHaveProperty('record')
    const found = store.peek(makeRosterKey(1), makeNumber(1))
    assert(typeof found === 'object')
    expect(found.record).toEqual(makeRecord())
  })
})

it('refuses a creation without a header as misuse', async () => {
  await expect(memoryStore().commit(makeRosterKey(1), makeChange())).rejects.toThrow('brings its header')
})

function setUp(options: { maxRosters?: number } = {}) {
  const environment = fakeEnvironment()
  const store = memoryStore({ ...options, environment })
  const create = (index: number, life = 100 * HOUR) =>
    store.commit(
      makeRosterKey(index),
      makeChange({ header: makeHeader(), put: [makeRecord()], keepUntil: environment.now() + life }),
    )
  return { environment, store, create }
}
