import { describe, expect, it } from 'vitest'
import { makeIncarnation, makeNumber, makeRecord, makeRosterKey } from '../../testing/builders.ts'
import { FAKE_START } from '../../testing/fake-environment.ts'
import type { StoredSession } from '../roster.ts'
import {
  claim,
  type EndTarget,
  erase,
  joinedTargets,
  revoke,
  revokeAll,
  revokeAllBut,
  revokeHeld,
} from './end.ts'
import { inRealm, isLive, ofSubject, type RosterView, type Step } from './rule.ts'
import { AT, rosterOf } from './rules.fixture.ts'

const sessions = [1, 2, 3].map((index) =>
  makeRecord({ number: makeNumber(index), secretHash: `secret ${index}` }),
)
const [FIRST] = sessions as [StoredSession]
const ROSTER = rosterOf(sessions)
const ATTRIBUTES = { version: 1, setAt: FAKE_START, json: '{}' }

const target = (fields: Partial<EndTarget> = {}): EndTarget => ({
  realm: '',
  subject: 'ada',
  epoch: 1,
  incarnation: ROSTER.header.incarnation,
  fresh: makeIncarnation(77),
  numbers: sessions.map(({ number }) => number),
  ...fields,
})

function livingIn(roster: RosterView | undefined): readonly string[] {
  if (roster === undefined) return []
  return [...roster.sessions.values()]
    .filter((session) => isLive(roster.header, session, AT))
    .map(({ number }) => number)
}

const why = (step: Step<unknown>): readonly string[] =>
  (step.ended ?? []).map((end) => `${end.number} ${end.why}`)

describe('revoke', () => {
  it('ends one session, whatever it was doing meanwhile', () => {
    const changed = { ...FIRST, version: 99, generation: 5, privilege: 3 }
    const step = revoke(FIRST.number, 'revoked')(rosterOf([changed, ...sessions.slice(1)]), AT)
    expect(step.answer).toBe(changed)
    expect(livingIn(step.roster)).toEqual([makeNumber(2), makeNumber(3)])
    expect(why(step)).toEqual([`${FIRST.number} revoked`])
  })

  it.each<[string, RosterView | undefined]>([
    ['no roster', undefined],
    ['no such record', rosterOf(sessions.slice(1))],
    ['one that is over', rosterOf([{ ...FIRST, epoch: 7 }, ...sessions.slice(1)])],
    ['one that has expired', rosterOf([{ ...FIRST, idleDeadline: AT.now }, ...sessions.slice(1)])],
  ])('answers nothing for %s', (_, roster) => {
    const step = revoke(FIRST.number, 'revoked')(roster, AT)
    expect(step.answer).toBeUndefined()
    expect(livingIn(step.roster)).toEqual(livingIn(roster))
  })

  it('leaves nothing behind of a roster that nobody would miss', () => {
    expect(revoke(FIRST.number, 'revoked')(rosterOf([FIRST]), AT).roster).toBeUndefined()
  })

  it.each<[string, RosterView]>([
    ['an epoch that a sign-in in flight could contradict', rosterOf([{ ...FIRST, epoch: 1 }], { epoch: 1 })],
    ['attributes', rosterOf([FIRST], { attributes: ATTRIBUTES })],
    ['what a later version wrote', { ...rosterOf([FIRST]), newer: new Set([makeNumber(5)]) }],
  ])('keeps a roster with %s', (_, roster) => {
    expect(revoke(FIRST.number, 'revoked')(roster, AT).roster?.sessions.size).toBe(0)
  })

  it('says that it cannot end what a later version wrote', () => {
    const roster = { ...ROSTER, newer: new Set([makeNumber(5)]) }
    expect(() => revoke(makeNumber(5), 'revoked')(roster, AT)).toThrow(
      expect.objectContaining({ code: 'STORE_NEWER' }),
    )
  })
})

describe('revokeHeld', () => {
  const ends = (session: StoredSession, hash: string): boolean =>
    revokeHeld(session.number, hash, 'signed-out')(rosterOf([session]), AT).answer !== undefined

  it('ends the session for who holds its secret, the one before while its grace lasts', () => {
    const grace = { previousHash: 'before', sealed: Buffer.alloc(0), endsAt: AT.now + 1 }
    expect(ends(FIRST, 'secret 1')).toBe(true)
    expect(ends({ ...FIRST, grace }, 'before')).toBe(true)
  })

  it('ends nothing for a superseded token: it kills nobody', () => {
    const grace = { previousHash: 'before', sealed: Buffer.alloc(0), endsAt: AT.now }
    expect(ends(FIRST, 'other')).toBe(false)
    expect(ends({ ...FIRST, grace }, 'before')).toBe(false)
  })
})

describe('revokeAll', () => {
  it('is one write of the header, whatever there is', () => {
    const step = revokeAll(target())(ROSTER, AT)
    expect(step.answer).toEqual({ sessions: 3 })
    expect(step.roster?.header.epoch).toBe(1)
    expect(livingIn(step.roster)).toEqual([])
    for (const session of sessions) expect(step.roster?.sessions.get(session.number)).toBe(session)
  })

  it('notes an epoch for a subject that has no roster, so that sign-ins in flight fail', () => {
    const step = revokeAll(target({ fresh: makeIncarnation(4) }))(undefined, AT)
    expect(step.roster?.header).toMatchObject({ epoch: 1, subject: 'ada', incarnation: makeIncarnation(4) })
  })

  it('makes a roster that names nobody its realm’s own', () => {
    const bare = rosterOf([], { realm: 'customers', subject: undefined })
    const step = revokeAll(target({ realm: 'staff' }))(bare, AT)
    expect(step.roster?.header).toMatchObject({ realm: 'staff', subject: undefined, epoch: 1 })
  })

  it('applied again ends what was there, and no sign-in that came since', () => {
    const once = revokeAll(target())(ROSTER, AT)
    const since = makeRecord({ number: makeNumber(7), epoch: 1 })
    const roster = once.roster && {
      ...once.roster,
      sessions: new Map(once.roster.sessions).set(since.number, since),
    }
    const twice = revokeAll(target())(roster, AT)
    expect(livingIn(twice.roster)).toEqual([since.number])
  })

  it('goes on from the global epoch where that is newer', () => {
    const step = revokeAll(target())(rosterOf(sessions, { epoch: 0 }), { ...AT, globalEpoch: 9 })
    expect(step.roster?.header).toMatchObject({ globalEpoch: 9 })
    expect(step.roster?.header.epoch).toBeGreaterThan(0)
  })
})

describe('two targets joined', () => {
  const [one, two] = [makeNumber(1), makeNumber(2)]
  const first = target({ epoch: 3, numbers: [one, two] })

  it('are the older one where the newer one ends no more', () => {
    for (const newer of [first, target({ epoch: 2, numbers: [two] })])
      expect(joinedTargets(first, { ...newer, fresh: makeIncarnation(5) })).toBe(first)
  })

  it('reach the higher epoch and end the sessions of both, whichever was observed first', () => {
    const second = target({ epoch: 2, numbers: [two, makeNumber(3)] })
    for (const joined of [joinedTargets(first, second), joinedTargets(second, first)]) {
      expect(joined.epoch).toBe(3)
      expect(joined.numbers.toSorted()).toEqual([one, two, makeNumber(3)].toSorted())
    }
  })

  it('are about the newer roster, and end what is left of the older one', () => {
    const incarnation = makeIncarnation(6)
    const rebuilt = target({ epoch: 1, incarnation, numbers: [makeNumber(3)] })
    const joined = joinedTargets(first, rebuilt)
    expect(joined).toMatchObject({ epoch: 1, incarnation })
    expect(joined.numbers).toHaveLength(3)
    expect(livingIn(revokeAll(joined)(ROSTER, AT).roster)).toEqual([])
  })
})

describe('revokeAllBut', () => {
  const options = { keep: FIRST.number, why: 'credential-changed' as const, newPrivilege: true }

  it('keeps one, under the new epoch and a new privilege', () => {
    const step = revokeAllBut(options, target())(ROSTER, AT)
    expect(livingIn(step.roster)).toEqual([FIRST.number])
    expect(step.answer).toMatchObject({ others: 2, kept: { epoch: 1, privilege: 1, generation: 0 } })
    expect(why(step)).toEqual([2, 3].map((index) => `${makeNumber(index)} credential-changed`))
  })

  it('ends the others also when the kept one is over: nothing fails open', () => {
    const step = revokeAllBut(options, target())(rosterOf(sessions.slice(1)), AT)
    expect(livingIn(step.roster)).toEqual([])
    expect(step.answer.kept).toBeUndefined()
  })

  it('keeps the privilege when nothing was proved anew', () => {
    const step = revokeAllBut({ ...options, newPrivilege: false }, target())(ROSTER, AT)
    expect(step.answer.kept?.privilege).toBe(0)
  })

  it('applied again spares who signed in since', () => {
    const once = revokeAllBut(options, target())(ROSTER, AT)
    const since = makeRecord({ number: makeNumber(7), epoch: 1 })
    const roster = once.roster && {
      ...once.roster,
      sessions: new Map(once.roster.sessions).set(since.number, since),
    }
    expect(livingIn(revokeAllBut(options, target())(roster, AT).roster)).toEqual([FIRST.number, since.number])
  })
})

describe('erase', () => {
  it('leaves the bare epoch: no session, no name, no attributes', () => {
    const step = erase(target())(rosterOf(sessions, { attributes: ATTRIBUTES }), AT)
    expect(step.roster?.sessions.size).toBe(0)
    expect(step.roster?.header).toMatchObject({ epoch: 1, subject: undefined, attributes: undefined })
    expect(why(step)).toEqual(sessions.map(({ number }) => `${number} erased`))
  })
})

describe('claim', () => {
  const to = { roster: makeRosterKey(2), number: makeNumber(8), endsAt: 0, sealed: Buffer.from('sealed') }
  const take = claim({ number: FIRST.number, secretHash: 'secret 1', target: to })

  it('kills the record at once and names where it goes', () => {
    const step = take(ROSTER, AT)
    expect(step.answer).toMatchObject({ kind: 'claimed', target: to })
    expect(livingIn(step.roster)).toEqual([makeNumber(2), makeNumber(3)])
  })

  it('is continued by the same roster, with the first number', () => {
    const once = take(ROSTER, AT)
    const again = claim({
      number: FIRST.number,
      secretHash: 'secret 1',
      target: { ...to, number: makeNumber(9) },
    })
    const twice = again(once.roster, AT)
    expect(twice.answer).toMatchObject({ kind: 'claimed', target: to })
    expect(twice.roster).toBe(once.roster)
  })

  it('gives another roster nothing', () => {
    const once = take(ROSTER, AT)
    const other = claim({
      number: FIRST.number,
      secretHash: 'secret 1',
      target: { ...to, roster: makeRosterKey(3) },
    })
    expect(other(once.roster, AT)).toEqual({ roster: once.roster, answer: { kind: 'nothing' } })
  })

  it.each<[string, RosterView | undefined]>([
    ['without its secret', rosterOf([{ ...FIRST, secretHash: 'other' }])],
    ['that is gone', undefined],
    ['that was revoked', rosterOf(sessions, { epoch: 3 })],
    ['that is past its deadline', rosterOf([{ ...FIRST, absoluteDeadline: AT.now }])],
    [
      'with the secret before, when its grace is over',
      rosterOf([
        {
          ...FIRST,
          secretHash: 'x',
          grace: { previousHash: 'secret 1', sealed: Buffer.alloc(0), endsAt: AT.now },
        },
      ]),
    ],
  ])('gives nothing of a session %s', (_, roster) => {
    expect(take(roster, AT)).toEqual({ roster, answer: { kind: 'nothing' } })
  })
})

it('finds nothing in another realm, and refuses a roster that names another subject', () => {
  expect(inRealm('staff', revoke(FIRST.number, 'revoked'))(ROSTER, AT)).toEqual({
    roster: ROSTER,
    answer: undefined,
  })
  const rule = ofSubject({ realm: '', subject: 'bob' }, revokeAll(target()))
  expect(() => rule(ROSTER, AT)).toThrow(expect.objectContaining({ code: 'STORE_CORRUPT' }))
})
