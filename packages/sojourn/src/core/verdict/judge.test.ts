import { describe, expect, it } from 'vitest'
import { makeHeader, makeNumber, makeRecord, makeRosterKey } from '../../testing/builders.ts'
import { FAKE_START } from '../../testing/fake-environment.ts'
import { judge } from './judge.ts'
import { PROFILES } from '../policy/lifetimes.ts'
import type { RosterHeader, StoredSession } from '../roster.ts'
import type { Moment } from '../rules/rule.ts'
import type { ReadAnswer } from '../store.ts'
import { hashSecret, type TokenClaims } from '../token/token.ts'

const HASH = hashSecret('present')
const OLD = hashSecret('previous')
const GRACE = { previousHash: OLD, sealed: Buffer.alloc(0), endsAt: FAKE_START + 30_000 }
const moment: Moment = {
  now: FAKE_START + 1000,
  lifetimes: { session: PROFILES.aal2, remember: PROFILES.aal1, anonymous: PROFILES.aal1 },
  globalEpoch: 0,
}

const claims = (fields: Partial<TokenClaims> = {}): TokenClaims => ({
  roster: makeRosterKey(1),
  number: makeNumber(1),
  generation: 0,
  secretHash: HASH,
  retiring: false,
  ...fields,
})

const found = (record: Partial<StoredSession> = {}, header: Partial<RosterHeader> = {}): ReadAnswer => ({
  header: makeHeader(header),
  record: makeRecord({ secretHash: HASH, ...record }),
})

function says(answer: ReadAnswer, at: Partial<Moment> = {}, of: Partial<TokenClaims> = {}): string {
  const judgement = judge(claims(of), answer, { ...moment, ...at })
  return judgement.kind === 'valid' ? judgement.by : `${judgement.kind} ${judgement.reason}`
}

it('accepts the present secret of a live session', () => {
  expect(says(found())).toBe('present')
})

describe('none', () => {
  it.each<[string, string]>([
    ['no roster', says(undefined)],
    ['no record', says({ header: makeHeader() })],
  ])('unknown: %s', (_, verdict) => expect(verdict).toBe('none unknown'))

  it.each<[string, string]>([
    ['an older epoch', says(found({ epoch: 1 }, { epoch: 2 }))],
    ['a newer one than the header’s', says(found({ epoch: 3 }, { epoch: 2 }))],
    ['a header from before everything was revoked', says(found(), { globalEpoch: 1 })],
  ])('revoked: %s', (_, verdict) => expect(verdict).toBe('none revoked'))

  it.each<[string, string]>([
    ['an older generation', says(found({ generation: 1 }))],
    ['another secret of the same generation', says(found({ secretHash: hashSecret('other') }))],
    [
      'the previous one when its grace is over',
      says(found({ generation: 1, grace: GRACE }), { now: GRACE.endsAt }, { secretHash: OLD }),
    ],
    ['the one before the previous', says(found({ generation: 2, grace: GRACE }), {}, { secretHash: OLD })],
    [
      'a previous generation with another secret',
      says(found({ generation: 1, grace: GRACE }), {}, { secretHash: hashSecret('guess') }),
    ],
    ['the present secret under the previous generation', says(found({ generation: 1, grace: GRACE }))],
  ])('superseded: %s', (_, verdict) => expect(verdict).toBe('none superseded'))

  it('claimed, and to somebody with a wrong secret no more than superseded', () => {
    const claim = { roster: makeRosterKey(2), number: makeNumber(2), endsAt: 0, sealed: Buffer.alloc(0) }
    expect(says(found({ claim }))).toBe('none claimed')
    expect(says(found({ claim, secretHash: hashSecret('other') }))).toBe('none superseded')
  })

  it('idle-timeout and absolute-timeout, at the millisecond', () => {
    const HOUR = 3_600_000
    expect(says(found(), { now: FAKE_START + HOUR - 1 })).toBe('present')
    expect(says(found(), { now: FAKE_START + HOUR })).toBe('none idle-timeout')
    const used = { seenAt: FAKE_START + 24 * HOUR - 5, idleDeadline: FAKE_START + 25 * HOUR }
    expect(says(found(used), { now: FAKE_START + 24 * HOUR - 1 })).toBe('present')
    expect(says(found(used), { now: FAKE_START + 24 * HOUR })).toBe('none absolute-timeout')
  })

  it('damaged: the header, the record, or a record that is not the one that was asked', () => {
    expect(says('damaged')).toBe('none damaged')
    expect(says({ header: makeHeader(), unreadable: 'damaged' })).toBe('none damaged')
    expect(says(found({ number: makeNumber(2) }))).toBe('none damaged')
  })
})

describe('unavailable, never none', () => {
  it.each<[string, string]>([
    ['restoring', says(found({}, { state: 'restoring' }))],
    ['restoring', says({ header: makeHeader({ state: 'restoring' }) })],
    ['store-behind', says(found(), {}, { generation: 1 })],
    ['deployment-behind', says(found({}, { globalEpoch: 5 }))],
    ['deployment-behind', says({ header: makeHeader({ globalEpoch: 5 }) })],
    ['newer-format', says('newer')],
    ['newer-format', says({ header: makeHeader(), unreadable: 'newer' })],
  ])('%s', (reason, verdict) => expect(verdict).toBe(`unavailable ${reason}`))
})

it('accepts the previous secret during its grace', () => {
  const replaced = found({ generation: 1, secretHash: hashSecret('new'), grace: GRACE })
  expect(says(replaced, { now: GRACE.endsAt - 1 }, { secretHash: OLD })).toBe('previous')
})
