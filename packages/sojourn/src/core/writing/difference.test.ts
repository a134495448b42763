import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { makeCommitId, makeHeader, makeNumber, makeRecord } from '../../testing/builders.ts'
import { FAKE_START } from '../../testing/fake-environment.ts'
import { difference } from './difference.ts'
import { holds } from '../holds.fixture.ts'
import type { StoredSession } from '../roster.ts'
import { type EndedSession, type RosterView, withHeader, without, withSession } from '../rules/rule.ts'

const ID = makeCommitId(9)
const KEEP = FAKE_START + 900_000
const options = { id: ID, writeClass: 'fast' as const, ended: [], keepHeaderUntil: KEEP }

const session = (index: number, fields: Partial<StoredSession> = {}): StoredSession =>
  makeRecord({ number: makeNumber(index), version: index + 10, privilege: index, ...fields })

const BEFORE: RosterView = {
  header: makeHeader({ version: 7, epoch: 2 }),
  sessions: new Map([1, 2, 3].map((index) => [makeNumber(index), session(index)])),
  damaged: [makeNumber(8)],
  newer: new Set(),
}

it('is nothing when nothing changed', () => {
  expect(difference(BEFORE, BEFORE, options)).toBeUndefined()
  expect(difference(undefined, undefined, options)).toBeUndefined()
})

it('of one session compares that one and leaves the header, and every other session, alone', () => {
  const after = withSession(BEFORE, { ...session(2), data: Buffer.from('new') })
  expect(difference(BEFORE, after, options)).toEqual({
    id: ID,
    writeClass: 'fast',
    keepUntil: session(2).idleDeadline,
    expect: {
      incarnation: BEFORE.header.incarnation,
      epoch: 2,
      records: [{ number: makeNumber(2), version: 12, privilege: 2 }],
    },
    put: [{ ...session(2), data: Buffer.from('new'), version: 13, lastCommit: ID }],
    remove: [],
  })
})

it('compares the privilege that was there before, when that is what changes', () => {
  const after = withSession(BEFORE, { ...session(2), privilege: 3 })
  const change = difference(BEFORE, after, options)
  expect(change?.expect).toMatchObject({ records: [{ privilege: 2 }] })
})

it('that adds one expects its number to be free, and the membership as it was', () => {
  const after = withSession(BEFORE, session(4, { version: 0 }))
  const change = difference(BEFORE, after, options)
  expect(change?.expect).toEqual({
    incarnation: BEFORE.header.incarnation,
    epoch: 2,
    rosterVersion: 7,
    records: [{ number: makeNumber(4), version: 'absent' }],
  })
  expect(change?.put).toMatchObject([{ version: 1, lastCommit: ID }])
  expect(change?.header).toMatchObject({ version: 8, lastCommit: ID })
})

describe('that removes', () => {
  const gone = (index: number, why: EndedSession['why']): { after: RosterView; ended: EndedSession[] } => {
    const { roster, ended } = without(BEFORE, [makeNumber(index)], why)
    return { after: roster, ended }
  }

  it('by decision asks for no version of the record: ending wins', () => {
    const { after, ended } = gone(1, 'revoked')
    const change = difference(BEFORE, after, { ...options, ended })
    expect(change?.expect).toMatchObject({ rosterVersion: 7, records: [] })
    expect(change?.remove).toEqual([
      { number: makeNumber(1), why: 'revoked', absoluteDeadline: session(1).absoluteDeadline },
    ])
  })

  it('for expiry names the version, so that a touch in between wins', () => {
    const { after, ended } = gone(1, 'expired')
    const change = difference(BEFORE, after, { ...options, ended })
    expect(change?.expect).toMatchObject({ records: [{ number: makeNumber(1), version: 11 }] })
  })

  it('what cannot be read removes it by its number', () => {
    const ended: EndedSession[] = [{ number: makeNumber(8), session: undefined, why: 'damaged' }]
    const change = difference(BEFORE, { ...BEFORE, damaged: [] }, { ...options, ended })
    expect(change?.remove).toEqual([{ number: makeNumber(8), why: 'damaged', absoluteDeadline: 0 }])
  })

  it('says nothing of a session that came and went within one commit', () => {
    const ended: EndedSession[] = [{ number: makeNumber(5), session: session(5), why: 'evicted' }]
    expect(difference(BEFORE, withHeader(BEFORE, {}), { ...options, ended })?.remove).toEqual([])
  })
})

it('of the header carries the version it had', () => {
  const change = difference(BEFORE, withHeader(BEFORE, { epoch: 3 }), options)
  expect(change).toMatchObject({ put: [], remove: [], header: { epoch: 3, version: 8 }, keepUntil: KEEP })
  expect(change?.expect).toMatchObject({ epoch: 2, rosterVersion: 7 })
})

it('that creates expects nothing there', () => {
  const after = { ...BEFORE, damaged: [] }
  const change = difference(undefined, after, options)
  expect(change).toMatchObject({ expect: 'absent', header: { version: 1, lastCommit: ID } })
  expect(change?.put.map(({ version }) => version)).toEqual([1, 1, 1])
})

it('that drops the roster compares the membership', () => {
  const change = difference(BEFORE, undefined, options)
  expect(change).toMatchObject({ header: 'drop', expect: { rosterVersion: 7, epoch: 2 } })
})

it('keeps the key as long as the longest-lived of what it puts, and the header as long as a sign-in may last', () => {
  const far = session(4, { idleDeadline: KEEP + 5, absoluteDeadline: KEEP + 9 })
  expect(difference(BEFORE, withSession(BEFORE, far), options)?.keepUntil).toBe(KEEP + 5)
  const near = session(4, { idleDeadline: FAKE_START, absoluteDeadline: KEEP + 9 })
  expect(difference(BEFORE, withSession(BEFORE, near), options)?.keepUntil).toBe(KEEP)
})

it.each([Number.NaN, Number.POSITIVE_INFINITY])('is refused where it would be kept until %s', (until) => {
  const endless = session(4, { idleDeadline: until, absoluteDeadline: until })
  expect(() => difference(BEFORE, withSession(BEFORE, endless), options)).toThrow(/epoch milliseconds/)
  const bare = { ...options, keepHeaderUntil: until }
  expect(() => difference(BEFORE, withHeader(BEFORE, { epoch: 3 }), bare)).toThrow(TypeError)
})

it('never forgets an expectation, whatever a rule did', () => {
  const act = fc.record({
    index: fc.integer({ min: 1, max: 5 }),
    what: fc.constantFrom('put', 'end', 'expire', 'header'),
  })
  holds(fc.array(act, { minLength: 1, maxLength: 6 }), (acts) => {
    let after = BEFORE
    const ended: EndedSession[] = []
    for (const { index, what } of acts) {
      if (what === 'put')
        after = withSession(after, { ...session(index), seenAt: FAKE_START + ended.length + 1 })
      else if (what === 'header') after = withHeader(after, { globalEpoch: after.header.globalEpoch + 1 })
      else {
        const step = without(after, [makeNumber(index)], what === 'expire' ? 'expired' : 'revoked')
        after = step.roster
        ended.push(...step.ended)
      }
    }
    const change = difference(BEFORE, after, { ...options, ended })
    if (change === undefined || change.expect === 'absent') return
    const { expect: expected } = change
    expect([expected.incarnation, expected.epoch]).toEqual([BEFORE.header.incarnation, BEFORE.header.epoch])
    const named = new Map(expected.records.map((one) => [one.number, one.version]))
    expect(change.put.filter(({ number }) => !named.has(number))).toEqual([])
    const expired = change.remove.filter(({ why }) => why === 'expired')
    expect(
      expired.filter(({ number }) => named.get(number) !== BEFORE.sessions.get(number)?.version),
    ).toEqual([])
    const isMembership =
      change.remove.length > 0 || change.put.some(({ number }) => !BEFORE.sessions.has(number))
    const needsVersion = isMembership || change.header !== undefined
    expect(expected.rosterVersion).toBe(needsVersion ? 7 : undefined)
  })
})
