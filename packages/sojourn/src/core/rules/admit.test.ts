import { describe, expect, it } from 'vitest'
import { makeHeader, makeIncarnation, makeNumber, makeRecord, makeRosterKey } from '../../testing/builders.ts'
import { FAKE_START } from '../../testing/fake-environment.ts'
import { MAX_RECORDS, type RosterHeader, type StoredSession } from '../roster.ts'
import { type Admission, admit, type AdmitAnswer } from './admit.ts'
import { AT, HOUR, rosterOf } from './rules.fixture.ts'
import type { Step } from './rule.ts'

const admission = (fields: Partial<Admission> = {}): Admission => ({
  realm: '',
  subject: 'ada',
  seen: { epoch: 0, globalEpoch: 0 },
  expiresAt: AT.now + HOUR,
  incarnation: makeIncarnation(9),
  session: makeRecord({ number: makeNumber(999), secretHash: 'new', version: 0 }),
  limit: { count: 3, policy: 'evict-oldest' },
  promisedHash: undefined,
  replaces: undefined,
  attributes: undefined,
  ...fields,
})

/** Sessions 1 … n, the first one seen longest ago. */
const live = (count: number): StoredSession[] =>
  Array.from({ length: count }, (_, index) =>
    makeRecord({ number: makeNumber(index + 1), seenAt: FAKE_START + index, createdAt: FAKE_START + index }),
  )

/** A session that was taken over, until then; its number is its own among such. */
function claimedAt(endsAt: number): StoredSession {
  const claim = { roster: makeRosterKey(3), number: makeNumber(1), endsAt, sealed: Buffer.alloc(0) }
  return makeRecord({ number: makeNumber(1000 + endsAt - AT.now), claim })
}

function numbersOf(step: Step<unknown>): readonly string[] {
  return [...(step.roster?.sessions.keys() ?? [])]
}

describe('admission', () => {
  it('makes a roster where there is none', () => {
    const step = admit(admission())(undefined, { ...AT, globalEpoch: 0 })
    expect(step.answer).toMatchObject({ kind: 'admitted', evicted: [] })
    expect(step.roster?.header).toMatchObject({
      state: 'live',
      incarnation: makeIncarnation(9),
      term: AT.now,
      epoch: 0,
      subject: 'ada',
    })
    expect(numbersOf(step)).toEqual([makeNumber(999)])
  })

  it('puts the session under the epoch that the roster has', () => {
    const roster = rosterOf(live(1), { epoch: 4 })
    const step = admit(
      admission({ seen: { epoch: 4, globalEpoch: 0, incarnation: roster.header.incarnation } }),
    )(roster, AT)
    expect(step.answer).toMatchObject({ kind: 'admitted', session: { epoch: 4 } })
  })

  it('applied again finds its work done, and never adds another', () => {
    const once = admit(admission())(rosterOf(live(1)), AT)
    const twice = admit(admission())(once.roster, AT)
    expect(twice).toMatchObject({ answer: { kind: 'admitted', evicted: [] } })
    expect(twice.roster).toBe(once.roster)
  })

  it('asks for another number when this one is in use', () => {
    const roster = rosterOf([makeRecord({ number: makeNumber(999), secretHash: 'other' })])
    expect(admit(admission())(roster, AT)).toMatchObject({ roster, answer: { kind: 'taken' } })
  })
})

describe('the sign-in belongs to the epochs it saw', () => {
  const answerOf = ({ answer, ended = [] }: Step<AdmitAnswer>): string => `${answer.kind} ${ended.length}`

  it.each<[string, Partial<RosterHeader>, Partial<Admission>]>([
    ['all of the subject’s were revoked since', { epoch: 1 }, {}],
    ['it saw an epoch that this roster never had', {}, { seen: { epoch: 1, globalEpoch: 0 } }],
    ['everything was revoked since', {}, { seen: { epoch: 0, globalEpoch: -1 } }],
    [
      'the roster was rebuilt since',
      { epoch: 2 },
      { seen: { epoch: 2, globalEpoch: 0, incarnation: makeIncarnation(5) } },
    ],
  ])('superseded: %s', (_, header, fields) => {
    const roster = rosterOf(live(1), header)
    const step = admit(admission(fields))(roster, AT)
    expect(answerOf(step)).toBe('superseded 0')
    expect(step.roster).toBe(roster)
  })

  it('an absent roster says that no revocation came, which would have outlived the sign-in', () => {
    const step = admit(admission({ seen: { epoch: 1, globalEpoch: 0 } }))(undefined, AT)
    expect(step.answer.kind).toBe('admitted')
  })

  it('and to the time that those may be relied on, also when it had to wait', () => {
    expect(answerOf(admit(admission({ expiresAt: AT.now - 1 }))(undefined, AT))).toBe('expired 0')
    expect(admit(admission({ expiresAt: AT.now + 1 }))(undefined, AT).answer.kind).toBe('admitted')
  })

  it('after everything was revoked, what was there is over and the new session lives', () => {
    const before = rosterOf(live(2))
    const { incarnation } = before.header
    const step = admit(admission({ seen: { epoch: 1, globalEpoch: 7, incarnation } }))(before, {
      ...AT,
      globalEpoch: 7,
    })
    expect(step.answer).toMatchObject({
      kind: 'admitted',
      session: { epoch: 1 },
      header: { epoch: 1, globalEpoch: 7 },
    })
    expect(numbersOf(step)).toEqual([makeNumber(999)])
    expect(step.ended?.map(({ why }) => why)).toEqual(['revoked-all', 'revoked-all'])
  })
})

describe('the device limit', () => {
  it('evicts the least recently seen, as many as it takes', () => {
    const step = admit(admission({ limit: { count: 2, policy: 'evict-oldest' } }))(
      rosterOf(live(4).toReversed()),
      AT,
    )
    expect(step.answer).toMatchObject({
      kind: 'admitted',
      evicted: [1, 2, 3].map((index) => ({ number: makeNumber(index) })),
    })
    expect(numbersOf(step).toSorted()).toEqual([makeNumber(4), makeNumber(999)])
    expect(step.ended?.map(({ number, why }) => [number, why])).toEqual(
      [1, 2, 3].map((index) => [makeNumber(index), 'evicted']),
    )
  })

  it('evicts the older of two that were seen at the same time', () => {
    const twins = [2, 1].map((index) =>
      makeRecord({ number: makeNumber(index), createdAt: FAKE_START + index }),
    )
    const step = admit(admission({ limit: { count: 2, policy: 'evict-oldest' } }))(rosterOf(twins), AT)
    expect(numbersOf(step).toSorted()).toEqual([makeNumber(2), makeNumber(999)])
  })

  it('refuses with `reject`, changing nothing', () => {
    const roster = rosterOf(live(3))
    const step = admit(admission({ limit: { count: 3, policy: 'reject' } }))(roster, AT)
    expect(step.answer).toMatchObject({ kind: 'limit' })
    expect(step.roster).toBe(roster)
  })

  it('counts the living only, and tidies up the others', () => {
    const [first, second] = live(2) as [StoredSession, StoredSession]
    const dead = [
      { ...first, number: makeNumber(3), epoch: 5 },
      { ...first, number: makeNumber(4), idleDeadline: AT.now },
      { ...first, number: makeNumber(5), absoluteDeadline: AT.now },
    ]
    const roster = { ...rosterOf([first, second, ...dead]), damaged: [makeNumber(6)] }
    const step = admit(admission({ limit: { count: 3, policy: 'reject' } }))(roster, AT)
    expect(step.answer.kind).toBe('admitted')
    expect(new Map(step.ended?.map(({ number, why }) => [number, why]))).toEqual(
      new Map([
        [makeNumber(3), 'revoked-all'],
        [makeNumber(4), 'expired'],
        [makeNumber(5), 'expired'],
        [makeNumber(6), 'damaged'],
      ]),
    )
    expect(step.roster?.damaged).toEqual([])
  })

  it('counts what a later version wrote, and never evicts it', () => {
    const newer = new Set([makeNumber(7), makeNumber(8)])
    const roster = { ...rosterOf(live(1)), newer }
    expect(admit(admission({ limit: { count: 3, policy: 'reject' } }))(roster, AT).answer.kind).toBe('limit')
    const step = admit(admission({ limit: { count: 3, policy: 'evict-oldest' } }))(roster, AT)
    expect(step.answer).toMatchObject({ evicted: [{ number: makeNumber(1) }] })
    const full = { ...rosterOf([]), newer: new Set([1, 2, 3].map(makeNumber)) }
    expect(() => admit(admission())(full, AT)).toThrow(expect.objectContaining({ code: 'STORE_NEWER' }))
  })

  it.each([1, 3, MAX_RECORDS])(
    'of %i leaves a roster below its cap: what was claimed first goes, and no live session for it',
    (count) => {
      const living = live(count - 1)
      const claimed = Array.from({ length: MAX_RECORDS - living.length }, (_, index) =>
        claimedAt(AT.now + index),
      )
      const step = admit(admission({ limit: { count, policy: 'reject' } }))(
        rosterOf([...claimed.toReversed(), ...living]),
        AT,
      )
      expect(step.answer).toMatchObject({ kind: 'admitted', evicted: [] })
      expect(step.roster?.sessions.size).toBe(MAX_RECORDS)
      expect(step.ended).toEqual([{ number: claimed[0]?.number, session: claimed[0], why: 'claimed' }])
    },
  )

  it('drops no claimed record where one that is evicted makes the room', () => {
    const claimed = Array.from({ length: MAX_RECORDS - 3 }, (_, index) => claimedAt(AT.now + index))
    const step = admit(admission())(rosterOf([...live(3), ...claimed]), AT)
    expect(step.roster?.sessions.size).toBe(MAX_RECORDS)
    expect(step.ended).toMatchObject([{ number: makeNumber(1), why: 'evicted' }])
  })

  it('takes the place of the session that it replaces, in a roster that is full of live ones', () => {
    const limit = { count: MAX_RECORDS, policy: 'reject' } as const
    const full = rosterOf(live(MAX_RECORDS))
    expect(admit(admission({ limit }))(full, AT).answer.kind).toBe('limit')
    const step = admit(admission({ limit, replaces: makeNumber(7) }))(full, AT)
    expect(step.answer).toMatchObject({ kind: 'admitted', evicted: [] })
  })
})

describe('shared attributes', () => {
  const old = { version: 3, setAt: FAKE_START, json: '{"plan":"old"}' }

  it.each<[string, number, string]>([
    ['an older version', 2, '{"plan":"old"}'],
    ['the same version', 3, '{"plan":"old"}'],
    ['a newer one', 4, '{"plan":"new"}'],
  ])('%s', (_, version, json) => {
    const roster = rosterOf([], { attributes: old })
    const offered = { version, setAt: AT.now, json: '{"plan":"new"}' }
    expect(admit(admission({ attributes: offered }))(roster, AT).roster?.header.attributes?.json).toBe(json)
  })
})

it('makes a roster that names nobody its own, whoever wrote it', () => {
  const bare = rosterOf([], { realm: 'customers', subject: undefined })
  const step = admit(admission({ realm: 'staff' }))(bare, AT)
  expect(step.roster?.header).toMatchObject({ realm: 'staff', subject: 'ada' })
})

it('refuses a roster that names somebody else', () => {
  for (const header of [{ subject: 'bob' }, { realm: 'staff' }])
    expect(() => admit(admission())(rosterOf([], header), AT)).toThrow(
      expect.objectContaining({ code: 'STORE_CORRUPT' }),
    )
  expect(makeHeader().subject).toBe('ada')
})
