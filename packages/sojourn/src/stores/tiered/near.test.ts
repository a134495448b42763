import { describe, expect, it } from 'vitest'
import type { ReadAnswer } from '../../core/store.ts'
import { makeHeader, makeNumber, makeRosterKey, makeChange } from '../../testing/index.ts'
import { given, isSettled, NUMBER, ROSTER, said, type Tiers, tiers, touched } from './hot.fixture.ts'

/** Tiers whose near cache has the session. */
async function warm(near: Parameters<typeof tiers>[0] = {}): Promise<Tiers> {
  const setting = tiers(near)
  await given(setting.elsewhere)
  await setting.tiered.read(ROSTER, NUMBER)
  return setting
}

describe('a copy', () => {
  it('is asked for once, and answered at once from then on', async () => {
    const { tiered, faults, peek } = tiers()
    await given(tiered)
    expect(peek()).toBe('ask')
    await tiered.read(ROSTER, NUMBER)
    expect(said(peek())).toBe('version 1')
    expect(said(await tiered.read(ROSTER, NUMBER))).toBe('version 1')
    expect(faults.calls.read).toBe(1)
  })

  it('is the very same object while nothing changed, and nobody can change it', async () => {
    const { peek } = await warm()
    const copy = peek() as Exclude<ReadAnswer, string | undefined>
    expect(peek()).toBe(copy)
    expect(Object.isFrozen(copy) && Object.isFrozen(copy.header) && Object.isFrozen(copy.record)).toBe(true)
  })

  it('never answers `list`', async () => {
    const { tiered, elsewhere } = await warm()
    await touched(elsewhere)
    const listed = await tiered.list(ROSTER)
    expect(listed).toMatchObject({ records: [{ version: 2 }] })
  })

  it('never answers the authority', async () => {
    const { tiered, elsewhere } = await warm()
    await touched(elsewhere)
    expect(said(await tiered.authority.read(ROSTER, NUMBER))).toBe('version 2')
  })

  it('is one for each session, and all of a roster go at once', async () => {
    const { tiered, elsewhere, feed, peek } = tiers()
    await given(elsewhere, [NUMBER, makeNumber(2)])
    await tiered.read(ROSTER, NUMBER)
    await tiered.read(ROSTER, makeNumber(2))
    expect([said(peek()), said(peek(makeNumber(2)))]).toEqual(['version 1', 'version 1'])
    feed.changed(ROSTER)
    expect([peek(), peek(makeNumber(2))]).toEqual(['ask', 'ask'])
  })
})

describe('the lease', () => {
  it('ends by the monotonic clock', async () => {
    const { environment, peek } = await warm({ lease: '4500ms' })
    environment.step(-3_600_000)
    await environment.advance(4_499)
    expect(said(peek())).toBe('version 1')
    await environment.advance(1)
    expect(peek()).toBe('ask')
  })

  it('ends by the wall clock', async () => {
    const { environment, peek } = await warm()
    environment.step(4_999)
    expect(said(peek())).toBe('version 1')
    environment.step(1)
    expect(peek()).toBe('ask')
  })

  it('is counted from sending the read', async () => {
    const { environment, tiered, elsewhere, faults, peek } = tiers({ lease: '4500ms' })
    await given(elsewhere)
    const gate = faults.hold({ on: 'read', at: 'answer' })
    const read = tiered.read(ROSTER, NUMBER)
    await gate.arrived()
    await environment.advance(3_000)
    gate.release()
    await read
    await environment.advance(1_499)
    expect(said(peek())).toBe('version 1')
    await environment.advance(1)
    expect(peek()).toBe('ask')
  })

  it('is not begun for an answer that took longer than it', async () => {
    const { environment, tiered, elsewhere, faults, figure } = tiers()
    await given(elsewhere)
    const gate = faults.hold({ on: 'read', at: 'answer' })
    const read = tiered.read(ROSTER, NUMBER)
    await gate.arrived()
    await environment.advance(5_000)
    gate.release()
    expect(said(await read)).toBe('version 1')
    expect(figure('entries')).toBe(0)
  })

  it('is as long as was asked for', async () => {
    const { environment, peek } = await warm({ lease: '200ms' })
    await environment.advance(199)
    expect(said(peek())).toBe('version 1')
    await environment.advance(1)
    expect(peek()).toBe('ask')
  })

  it('leaves nothing in the memory of a quiet process, and no timer', async () => {
    const { environment, figure } = await warm()
    expect(figure('entries')).toBe(1)
    await environment.advance(6_000)
    expect(figure('entries')).toBe(0)
    expect(environment.timers).toBe(0)
  })
})

describe('the fence', () => {
  it('must confirm the roster at each use', async () => {
    const { fence, peek } = await warm()
    fence.isUp = false
    expect(peek()).toBe('ask')
  })

  it('does not bring back what was read before it fell', async () => {
    const { fence, peek, tiered } = await warm()
    fence.isUp = false
    peek()
    fence.isUp = true
    expect(peek()).toBe('ask')
    await tiered.read(ROSTER, NUMBER)
    expect(said(peek())).toBe('version 1')
  })

  it('is asked by `read` too: a copy is no answer without it', async () => {
    const { fence, tiered, elsewhere } = await warm()
    await touched(elsewhere)
    fence.isUp = false
    expect(said(await tiered.read(ROSTER, NUMBER))).toBe('version 2')
  })
})

describe('what the hot store tells', () => {
  it('ends a copy', async () => {
    const { feed, peek } = await warm()
    feed.changed(makeRosterKey(2))
    expect(said(peek())).toBe('version 1')
    feed.changed(ROSTER)
    expect(peek()).toBe('ask')
  })

  it('ends all copies when it may have missed something', async () => {
    const { feed, peek } = await warm()
    feed.lost()
    expect(peek()).toBe('ask')
  })

  it.each(['changed', 'lost'] as const)(
    'discards the answer of a read under way, in the same tick as its reply: %s',
    async (news) => {
      const { tiered, elsewhere, faults, feed, peek, figure } = tiers()
      await given(elsewhere)
      const gate = faults.hold({ on: 'read', at: 'answer' })
      const read = tiered.read(ROSTER, NUMBER)
      await gate.arrived()
      await touched(elsewhere)
      gate.release()
      feed[news](ROSTER)
      expect(said(await read)).toBe('version 1')
      expect(peek()).toBe('ask')
      expect(figure('discarded_fills')).toBe(1)
    },
  )

  it('lets nobody join a read that is older', async () => {
    const { tiered, elsewhere, faults, feed, peek } = tiers()
    await given(elsewhere)
    const gate = faults.hold({ on: 'read', at: 'answer' })
    const older = tiered.read(ROSTER, NUMBER)
    await gate.arrived()
    await touched(elsewhere)
    feed.changed(ROSTER)
    const younger = tiered.read(ROSTER, NUMBER)
    expect(said(await younger)).toBe('version 2')
    expect(said(peek())).toBe('version 2')
    gate.release()
    expect(said(await older)).toBe('version 1')
    expect(said(peek())).toBe('version 2')
  })

  it('is not listened to after closing, and nothing is kept then', async () => {
    const { environment, tiered, elsewhere, faults, isWatched, peek, figure } = await warm()
    const gate = faults.hold({ on: 'read', at: 'answer' })
    const read = tiered.read(ROSTER, makeNumber(2))
    await gate.arrived()
    await tiered.close()
    gate.release()
    await read
    expect(isWatched()).toBe(false)
    expect([peek(), peek(makeNumber(2))]).toEqual(['ask', 'ask'])
    expect([figure('entries'), environment.timers]).toEqual([0, 0])
    await expect(elsewhere.ping()).rejects.toMatchObject({ code: 'CLOSED' })
  })
})

describe('a commit through this store', () => {
  it('ends the copy before it is answered', async () => {
    const { tiered, faults, peek } = await warm()
    const gate = faults.hold({ on: 'commit' })
    const commit = touched(tiered)
    await gate.arrived()
    expect(peek()).toBe('ask')
    gate.release()
    await commit
  })

  it('discards what was read while it was under way, so that its maker reads it', async () => {
    const { tiered, faults, peek } = await warm()
    const gate = faults.hold({ on: 'commit' })
    const commit = touched(tiered)
    await gate.arrived()
    expect(said(await tiered.read(ROSTER, NUMBER))).toBe('version 1')
    gate.release()
    await commit
    expect(peek()).toBe('ask')
    expect(said(await tiered.read(ROSTER, NUMBER))).toBe('version 2')
  })

  it('lets nobody join a read from before it, once it is answered', async () => {
    const { tiered, elsewhere, faults, peek } = tiers()
    await given(elsewhere)
    const gate = faults.hold({ on: 'read', at: 'answer' })
    const older = tiered.read(ROSTER, NUMBER)
    await gate.arrived()
    await touched(tiered)
    expect(said(await tiered.read(ROSTER, NUMBER))).toBe('version 2')
    gate.release()
    expect(said(await older)).toBe('version 1')
    expect(said(peek())).toBe('version 2')
  })

  it('ends the copy when nobody knows what became of it', async () => {
    const { tiered, faults, peek } = await warm()
    faults.failAfter({ on: 'commit' })
    await expect(touched(tiered)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    expect(peek()).toBe('ask')
    expect(said(await tiered.read(ROSTER, NUMBER))).toBe('version 2')
  })
})

describe('a read under way', () => {
  it('is shared by all who miss the same session, and by nobody else', async () => {
    const { tiered, elsewhere, faults, figure } = tiers()
    await given(elsewhere, [NUMBER, makeNumber(2)])
    const gate = faults.hold({ on: 'read', times: 2 })
    const reads = [NUMBER, NUMBER, NUMBER, makeNumber(2)].map((number) => tiered.read(ROSTER, number))
    await gate.arrived(2)
    expect(faults.calls.read).toBe(2)
    gate.release()
    expect((await Promise.all(reads)).map(said)).toEqual(Array.from(reads, () => 'version 1'))
    expect([figure('misses'), figure('joined')]).toEqual([2, 2])
  })

  it('fails for all who wait for it, and for nobody after them', async () => {
    const { tiered, elsewhere, faults } = tiers()
    await given(elsewhere)
    faults.fail({ on: 'read' })
    const reads = [tiered.read(ROSTER, NUMBER), tiered.read(ROSTER, NUMBER)]
    const outcomes = await Promise.allSettled(reads)
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(said(await tiered.read(ROSTER, NUMBER))).toBe('version 1')
  })

  it('is joined by nobody when it hangs longer than a check waits', async () => {
    const { environment, tiered, elsewhere, faults } = tiers()
    await given(elsewhere)
    faults.hang({ on: 'read' })
    const hanging = tiered.read(ROSTER, NUMBER)
    await environment.advance(249)
    expect(await isSettled(tiered.read(ROSTER, NUMBER))).toBe(false)
    await environment.advance(1)
    expect(said(await tiered.read(ROSTER, NUMBER))).toBe('version 1')
    expect(await isSettled(hanging)).toBe(false)
  })

  it('is joined by nobody when a copy of that age would be no answer', async () => {
    const { environment, tiered, elsewhere, faults } = tiers({ lease: '100ms' })
    await given(elsewhere)
    faults.hang({ on: 'read' })
    void tiered.read(ROSTER, NUMBER)
    await environment.advance(100)
    expect(said(await tiered.read(ROSTER, NUMBER))).toBe('version 1')
  })

  it('does not replace what a later one brought', async () => {
    const { environment, tiered, elsewhere, faults, peek } = tiers()
    await given(elsewhere)
    const gate = faults.hold({ on: 'read', at: 'answer' })
    const older = tiered.read(ROSTER, NUMBER)
    await gate.arrived()
    await environment.advance(250)
    await touched(elsewhere)
    await tiered.read(ROSTER, NUMBER)
    gate.release()
    await older
    expect(said(peek())).toBe('version 2')
  })

  it('is let go of when very many hang', async () => {
    const { tiered, elsewhere, faults, peek } = tiers()
    await given(elsewhere)
    const gate = faults.hold({ on: 'read', times: 4097 })
    const reads = Array.from({ length: 4097 }, (_, index) => tiered.read(makeRosterKey(index + 1), NUMBER))
    await gate.arrived(4097)
    gate.release()
    await Promise.all(reads)
    expect(peek()).toBe('ask')
    expect(tiered.peek(makeRosterKey(2), NUMBER)).toBeUndefined()
  })
})

describe('an absence', () => {
  it('of a session is remembered for a short while', async () => {
    const { environment, tiered, faults, peek } = await warm()
    const before = faults.calls.read
    for (let check = 0; check < 5; check++)
      expect(said(await tiered.read(ROSTER, makeNumber(9)))).toBe('no record')
    expect(faults.calls.read).toBe(before + 1)
    await environment.advance(999)
    expect(said(peek(makeNumber(9)))).toBe('no record')
    await environment.advance(1)
    expect(peek(makeNumber(9))).toBe('ask')
  })

  it('of a roster is remembered for a short while, and forgotten when it appears', async () => {
    const { tiered, faults, feed, peek } = tiers()
    for (let check = 0; check < 5; check++) expect(said(await tiered.read(ROSTER, NUMBER))).toBe('no roster')
    expect(faults.calls.read).toBe(1)
    await given(tiered)
    expect(peek()).toBe('ask')
    await tiered.read(makeRosterKey(2), NUMBER)
    feed.changed(makeRosterKey(2))
    expect(tiered.peek(makeRosterKey(2), NUMBER)).toBe('ask')
  })

  it('is not remembered at all when that was asked for', async () => {
    const { tiered, peek } = tiers({ negative: '0s' })
    await tiered.read(ROSTER, NUMBER)
    expect(peek()).toBe('ask')
  })
})

describe('never kept is', () => {
  it.each<[string, ReadAnswer]>([
    ['a header that cannot be read', 'damaged'],
    ['one of a newer version', 'newer'],
    ['a record that cannot be read', { header: makeHeader(), unreadable: 'damaged' }],
    ['a roster that is being restored', { header: makeHeader({ state: 'restoring' }) }],
  ])('%s', async (_, answer) => {
    const { tiered, peek } = tiers()
    Object.assign(tiered.authority, { read: () => Promise.resolve(answer) })
    expect(await tiered.read(ROSTER, NUMBER)).toEqual(answer)
    expect(peek()).toBe('ask')
  })
})

describe('the bound', () => {
  it('lets go of what was used least recently', async () => {
    const { tiered, figure } = tiers({ entries: 2 })
    for (const index of [1, 2]) await given(tiered, [NUMBER], makeRosterKey(index))
    for (const index of [1, 2]) await tiered.read(makeRosterKey(index), NUMBER)
    tiered.peek(makeRosterKey(1), NUMBER)
    await tiered.read(makeRosterKey(3), NUMBER)
    expect([1, 2, 3].map((index) => said(tiered.peek(makeRosterKey(index), NUMBER)))).toEqual([
      'version 1',
      'ask',
      'no roster',
    ])
    expect(figure('entries')).toBe(2)
  })

  it.each([
    [3, 'entries in all', 3],
    [1000, 'entries of one roster, as many as a roster may have records', 256],
  ])('%i: so many %s', async (entries, _, most) => {
    const { tiered, elsewhere, peek, figure } = tiers({ entries })
    await given(elsewhere)
    for (let index = 1; index <= 300; index++) await tiered.read(ROSTER, makeNumber(index))
    expect(figure('entries')).toBe(most)
    expect(said(peek(makeNumber(300)))).toBe('no record')
    expect(peek()).toBe('ask')
  })
})

describe('what it is to the rest', () => {
  it('has the traits of the hot store, and its own name', () => {
    const { tiered, elsewhere } = tiers()
    expect(tiered.traits).toEqual({ ...elsewhere.traits, name: 'tiered(near, memory)' })
  })

  it('passes documents and pings on', async () => {
    const { tiered, elsewhere, faults } = tiers()
    await tiered.documents.put('ring', 'absent', 'one')
    expect(await elsewhere.documents.get('ring')).toEqual({ version: 1, value: 'one' })
    faults.fail({ on: 'ping' })
    await expect(tiered.ping()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  })

  it('does nothing else when a commit does not apply', async () => {
    const { tiered } = await warm()
    expect(await tiered.commit(ROSTER, makeChange({ header: makeHeader() }))).toBe('conflict')
  })
})
