import { describe, expect, it, vi } from 'vitest'
import { expecting, makeChange, makeHeader, makeRecord, makeRosterKey } from '../../testing/builders.ts'
import { fakeEnvironment } from '../../testing/fake-environment.ts'
import { flakyStore } from '../../testing/flaky-store.ts'
import { memoryStore } from '../../stores/memory/index.ts'
import { turn } from '../../environment/turn.ts'
import { createEvents } from '../events.ts'
import { instant } from '../instant.ts'
import { authorityOf, isFenced, readsSynchronously, type SessionStore, tellsOfChanges } from '../store.ts'
import { type StoreCalls, storeCalls } from './store-calls.ts'

const KEY = makeRosterKey(1)
const HEADER = makeHeader()
const RECORD = makeRecord()
const CREATE = makeChange({ header: HEADER, put: [RECORD] })

const environment = fakeEnvironment()

function calling(): StoreCalls {
  return storeCalls({ environment, events: createEvents(environment), attributes: {} })
}

/** `read ok 2`, for all that came. */
function came(calls: StoreCalls): readonly string[] {
  return calls.measures().flatMap((measure) => {
    if (measure.kind !== 'counter' || measure.value === 0) return []
    return [`${measure.attributes['operation']} ${measure.attributes['outcome']} ${measure.value}`]
  })
}

describe('a store that is counted', () => {
  it('answers what the store answers, with the store’s own promise', () => {
    const answer = Promise.resolve(undefined)
    const store = { ...memoryStore(), read: () => answer }
    expect(calling().counted(store).read(KEY, RECORD.number)).toBe(answer)
  })

  it('counts each answer under its name', async () => {
    const calls = calling()
    const store = calls.counted(memoryStore({ environment }))
    await store.read(KEY, RECORD.number)
    await store.commit(KEY, CREATE)
    await store.commit(KEY, CREATE)
    await store.commit(makeRosterKey(2), makeChange({ expect: expecting(HEADER, []), put: [RECORD] }))
    await store.list(KEY)
    await store.documents.get('settings')
    await store.documents.put('settings', 'absent', '{}')
    await store.documents.put('settings', 'absent', '{}')
    await store.ping()
    expect(came(calls)).toEqual([
      'read absent 1',
      'list ok 1',
      'commit ok 1',
      'commit conflict 1',
      'commit gone 1',
      'documents ok 1',
      'documents absent 1',
      'documents conflict 1',
      'ping ok 1',
    ])
  })

  it('tells what could not be read from what was not there', async () => {
    const calls = calling()
    const store = calls.counted({ ...memoryStore(), read: async () => 'damaged' })
    await store.read(KEY, RECORD.number)
    expect(came(calls)).toEqual(['read unreadable 1'])
  })

  it('counts what was not reached, and each failure by its code', async () => {
    const calls = calling()
    const flaky = flakyStore(memoryStore({ environment }), { environment })
    const store = calls.counted(flaky)
    flaky.faults.uncertain()
    await store.commit(KEY, CREATE)
    flaky.faults.fail({ on: 'list' })
    await expect(store.list(KEY)).rejects.toThrow('The test made the store fail.')
    flaky.faults.fail({ on: 'ping', error: new Error('of a driver') })
    await expect(store.ping()).rejects.toThrow('of a driver')
    expect(came(calls)).toEqual([
      'list STORE_UNAVAILABLE 1',
      'commit uncertain 1',
      'ping STORE_UNAVAILABLE 1',
    ])
  })

  it('rejects where the store throws at once, and has no such call in flight', async () => {
    const calls = calling()
    const broken: SessionStore = {
      ...memoryStore(),
      list() {
        throw new Error('at once')
      },
    }
    await expect(calls.counted(broken).list(KEY)).rejects.toThrow('at once')
    await turn()
    expect(calls.measures().at(-1)).toMatchObject({ name: 'sojourn.store.in_flight', value: 0 })
  })

  it('can whatever the store can, with the store as `this`', async () => {
    const changed = vi.fn<() => void>()
    const authority = memoryStore({ environment })
    const able = {
      ...memoryStore({ environment }),
      own: true,
      authority,
      watchChanges(listener: { changed: unknown }) {
        expect([this.own, listener.changed]).toEqual([true, changed])
        return changed
      },
      isConfirmed() {
        return this.own
      },
    }
    const calls = calling()
    const store = calls.counted(able)
    expect(readsSynchronously(store) && store.peek(KEY, RECORD.number)).toBe(undefined)
    expect(isFenced(store) && store.isConfirmed(KEY, instant(environment))).toBe(true)
    expect(tellsOfChanges(store) && store.watchChanges({ changed, lost: changed })).toBe(changed)
    expect(authorityOf(store)).not.toBe(store)
    await authorityOf(store).read(KEY, RECORD.number)
    expect(came(calls)).toEqual(['read absent 1'])
  })

  it('can nothing that the store cannot', () => {
    const plain = { ...memoryStore(), peek: undefined } as unknown as SessionStore
    const store = calling().counted(plain)
    expect(readsSynchronously(store) || isFenced(store) || tellsOfChanges(store)).toBe(false)
    expect(authorityOf(store)).toBe(store)
  })
})
