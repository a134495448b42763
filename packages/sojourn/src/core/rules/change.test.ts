import { describe, expect, it } from 'vitest'
import { makeIncarnation, makeNumber, makeRecord, makeRosterKey } from '../../testing/builders.ts'
import { FAKE_START } from '../../testing/fake-environment.ts'
import type { StoredSession } from '../roster.ts'
import { setAttributes } from './attributes.ts'
import { type Basis, elevate, endGrace, patch, regenerate, touch } from './change.ts'
import type { Rule } from './rule.ts'
import { AT, HOUR, rosterOf } from './rules.fixture.ts'

const SESSION = makeRecord({ secretHash: 'old' })
const ROSTER = rosterOf([SESSION])
const BASIS: Basis = {
  number: SESSION.number,
  incarnation: ROSTER.header.incarnation,
  generation: 0,
  privilege: 0,
}
const grace = (endsAt = AT.now + 30_000): NonNullable<StoredSession['grace']> => ({
  previousHash: 'old',
  sealed: Buffer.from('sealed'),
  endsAt,
})
const elevation = { secretHash: 'new', grace: undefined, aal: 2 as const, acr: 'gold', amr: ['otp'] }
const upper = (data: Uint8Array): Uint8Array => Buffer.from(Buffer.from(data).toString().toUpperCase())

const RULES: readonly [string, Rule<{ kind: string }>][] = [
  ['touch', touch(BASIS, AT.now)],
  ['patch', patch(BASIS, upper)],
  ['regenerate', regenerate(BASIS, { secretHash: 'new', grace: grace() })],
  ['elevate', elevate(BASIS, elevation)],
  ['endGrace', endGrace(BASIS)],
]

describe.each(RULES)('%s', (_, rule) => {
  it.each<[string, Parameters<Rule<unknown>>[0], Partial<typeof AT>]>([
    ['that is gone', rosterOf([]), {}],
    ['whose roster is gone', undefined, {}],
    ['of a roster that was rebuilt', rosterOf([SESSION], { incarnation: makeIncarnation(2) }), {}],
    ['that was revoked', rosterOf([SESSION], { epoch: 1 }), {}],
    ['from before everything was revoked', ROSTER, { globalEpoch: 1 }],
    ['that is past its idle deadline', rosterOf([{ ...SESSION, idleDeadline: AT.now - 60_000 }]), {}],
    ['that is past its absolute deadline', rosterOf([{ ...SESSION, absoluteDeadline: AT.now }]), {}],
    [
      'that a sign-in took over',
      rosterOf([
        {
          ...SESSION,
          claim: { roster: makeRosterKey(2), number: makeNumber(2), endsAt: 0, sealed: Buffer.alloc(0) },
        },
      ]),
      {},
    ],
  ])('never brings back a session %s', (__, roster, moment) => {
    const step = rule(roster, { ...AT, ...moment })
    expect(step.answer.kind).toBe('ended')
    expect(step.roster).toBe(roster)
  })

  it('leaves every other session, and the header, alone', () => {
    const other = makeRecord({ number: makeNumber(2) })
    const before = rosterOf([SESSION, other])
    const { roster } = rule(before, AT)
    expect(roster?.sessions.get(other.number)).toBe(other)
    expect(roster?.header).toBe(before.header)
  })
})

const after = (rule: Rule<unknown>, session: StoredSession = SESSION): StoredSession | undefined =>
  rule(rosterOf([session]), AT).roster?.sessions.get(session.number)

describe('touch', () => {
  it('moves the idle deadline and nothing else', () => {
    const { seenAt, idleDeadline, ...rest } = SESSION
    expect(after(touch(BASIS, AT.now))).toEqual({ ...rest, seenAt: AT.now, idleDeadline: AT.now + HOUR })
    expect([seenAt, idleDeadline]).toEqual([FAKE_START, FAKE_START + HOUR])
  })

  it('never goes back, nor beyond now', () => {
    const late = { ...SESSION, seenAt: AT.now - 5 }
    expect(after(touch(BASIS, AT.now - 10), late)).toBe(late)
    expect(after(touch(BASIS, AT.now + HOUR))?.seenAt).toBe(AT.now)
  })

  it('keeps what another request wrote, and needs no present secret', () => {
    const changed = { ...SESSION, generation: 3, privilege: 2, data: Buffer.from('theirs') }
    expect(after(touch(BASIS, AT.now), changed)).toMatchObject({ generation: 3, data: changed.data })
  })
})

describe('patch', () => {
  it('works on the live data', () => {
    const changed = { ...SESSION, data: Buffer.from('theirs') }
    expect(Buffer.from(after(patch(BASIS, upper), changed)?.data ?? []).toString()).toBe('THEIRS')
  })

  it('does not land after an elevation that it was decided before', () => {
    expect(patch(BASIS, upper)(rosterOf([{ ...SESSION, privilege: 1 }]), AT).answer.kind).toBe('superseded')
  })

  it('hands on what the application throws', () => {
    const rule = patch(BASIS, () => {
      throw new RangeError('mine')
    })
    expect(() => rule(ROSTER, AT)).toThrow(RangeError)
  })
})

describe('regenerate', () => {
  const graceful = regenerate(BASIS, { secretHash: 'new', grace: grace() })

  it('puts a new secret, and moves no deadline', () => {
    expect(after(graceful)).toEqual({
      ...SESSION,
      generation: 1,
      secretHash: 'new',
      secretAt: AT.now,
      grace: grace(),
    })
  })

  it('applied again finds its work done', () => {
    const once = graceful(ROSTER, AT)
    const twice = graceful(once.roster, AT)
    expect(twice.answer.kind).toBe('changed')
    expect(twice.roster).toBe(once.roster)
  })

  it('that comes second loses to the first, and is shown what won', () => {
    const won = graceful(ROSTER, AT)
    const lost = regenerate(BASIS, { secretHash: 'mine', grace: grace() })(won.roster, AT)
    expect(lost.answer).toMatchObject({ kind: 'lost', session: { secretHash: 'new' } })
    expect(lost.roster).toBe(won.roster)
  })

  it('for a reason of privilege goes on top of what won, and leaves no grace', () => {
    const won = graceful(ROSTER, AT)
    const strict = regenerate(BASIS, { secretHash: 'mine', grace: undefined })(won.roster, AT)
    expect(strict.answer).toMatchObject({
      kind: 'changed',
      session: { generation: 2, secretHash: 'mine', grace: undefined },
    })
  })

  it('of a secret that is older than the one before, or dead already, is superseded', () => {
    for (const session of [
      { ...SESSION, generation: 2, grace: grace() },
      { ...SESSION, generation: 1, grace: undefined },
    ])
      expect(graceful(rosterOf([session]), AT).answer.kind).toBe('superseded')
  })
})

describe('elevate', () => {
  it('is a new authentication: new secret, no grace, both clocks start again', () => {
    expect(after(elevate(BASIS, elevation), { ...SESSION, grace: grace() })).toEqual({
      ...SESSION,
      generation: 1,
      secretHash: 'new',
      secretAt: AT.now,
      grace: undefined,
      privilege: 1,
      authenticatedAt: AT.now,
      seenAt: AT.now,
      idleDeadline: AT.now + HOUR,
      absoluteDeadline: AT.now + 24 * HOUR,
      aal: 2,
      acr: 'gold',
      amr: ['otp'],
    })
  })

  it('never lowers the level, and keeps what it is not told', () => {
    const strong = { ...SESSION, aal: 3 as const, acr: 'gold', amr: ['hwk'] }
    const again = { secretHash: 'new', grace: undefined, aal: 1 as const, acr: undefined, amr: undefined }
    expect(after(elevate(BASIS, again), strong)).toMatchObject({ aal: 3, acr: 'gold', amr: ['hwk'] })
  })

  it('applied again finds its work done', () => {
    const once = elevate(BASIS, elevation)(ROSTER, AT)
    const twice = elevate(BASIS, elevation)(once.roster, AT)
    expect(twice.answer.kind).toBe('changed')
    expect(twice.roster).toBe(once.roster)
  })

  it('of a secret that was replaced is superseded', () => {
    expect(elevate(BASIS, elevation)(rosterOf([{ ...SESSION, generation: 1 }]), AT).answer.kind).toBe(
      'superseded',
    )
  })
})

describe('endGrace', () => {
  it('ends the grace of the generation that was used', () => {
    expect(after(endGrace(BASIS), { ...SESSION, grace: grace() })?.grace).toBeUndefined()
    const later = { ...SESSION, generation: 1, grace: grace() }
    expect(after(endGrace(BASIS), later)).toBe(later)
  })
})

describe('setAttributes', () => {
  const known = { version: 3, setAt: FAKE_START, json: '{"plan":"old"}' }
  const offer = (version: number, json = '{"plan":"new"}'): string =>
    setAttributes({ version, setAt: AT.now, json })(rosterOf([SESSION], { attributes: known }), AT).answer

  it('takes a newer version and no other, and the same one twice', () => {
    expect([offer(4), offer(3), offer(2), offer(3, known.json)]).toEqual(['set', 'stale', 'stale', 'set'])
  })

  it('makes no roster', () => {
    expect(setAttributes(known)(undefined, AT)).toEqual({ roster: undefined, answer: 'no-sessions' })
  })
})
