import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { makeRecord } from '../../testing/builders.ts'
import { FAKE_START } from '../../testing/fake-environment.ts'
import { holds } from '../holds.fixture.ts'
import {
  absoluteDeadline,
  freshDeadlines,
  idleDeadline,
  isExpired,
  isTouchDue,
  keepSessionUntil,
  type Lifetimes,
  PROFILES,
  seen,
  touchInterval,
} from './lifetimes.ts'
import type { StoredSession } from '../roster.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

const policy = fc
  .record({ idle: fc.integer({ min: 1000, max: 10 * HOUR }), more: fc.integer({ min: 0, max: 50 * HOUR }) })
  .map(({ idle, more }) => ({ idle, absolute: idle + more }))
const gaps = fc.array(fc.integer({ min: 0, max: 3 * HOUR }), { maxLength: 40 })

const all = (lifetime: { idle: number; absolute: number }): Lifetimes => ({
  session: lifetime,
  remember: lifetime,
  anonymous: lifetime,
})
const born = (lifetimes: Lifetimes): StoredSession =>
  makeRecord({ ...freshDeadlines('session', FAKE_START, lifetimes) })

it('profiles are those of the standards table', () => {
  const DAY = 24 * HOUR
  expect(PROFILES).toEqual({
    aal1: { idle: 14 * DAY, absolute: 30 * DAY },
    aal2: { idle: HOUR, absolute: DAY },
    aal3: { idle: 15 * MINUTE, absolute: 12 * HOUR },
  })
})

describe('whatever the policy and the requests', () => {
  it('nothing is accepted at or after a deadline, and the touch costs at most its interval', () => {
    holds(policy, gaps, (lifetime, steps) => {
      const lifetimes = all(lifetime)
      let session = born(lifetimes)
      let now = FAKE_START
      let lastUse = FAKE_START
      for (const gap of steps) {
        now += gap
        const accepted = !isExpired(session, now, lifetimes)
        const byIdle = now - lastUse < lifetime.idle
        const byAbsolute = now < FAKE_START + lifetime.absolute
        const mayRefuse = !byAbsolute || now - lastUse >= lifetime.idle - touchInterval(lifetime)
        expect(accepted ? byIdle && byAbsolute : mayRefuse).toBe(true)
        if (!accepted) return
        lastUse = now
        if (isTouchDue(session, now, lifetimes)) session = seen(session, now, lifetimes)
      }
    })
  })

  it('being seen never moves the absolute deadline, nor the idle one back', () => {
    holds(policy, gaps, (lifetime, steps) => {
      const lifetimes = all(lifetime)
      const before = born(lifetimes)
      let session = before
      for (const gap of steps) {
        const next = seen(session, session.seenAt + gap - HOUR, lifetimes)
        expect(next.idleDeadline).toBeGreaterThanOrEqual(session.idleDeadline)
        session = next
      }
      expect(absoluteDeadline(session, lifetimes)).toBe(absoluteDeadline(before, lifetimes))
    })
  })

  it('a policy that is lowered binds the sessions there are; one that is raised gives them nothing', () => {
    holds(policy, policy, (then, now) => {
      const session = born(all(then))
      expect(idleDeadline(session, all(now))).toBe(FAKE_START + Math.min(then.idle, now.idle))
      expect(absoluteDeadline(session, all(now))).toBe(FAKE_START + Math.min(then.absolute, now.absolute))
    })
  })
})

it('touches at most once in 60 s, and 30 times within the idle timeout', () => {
  expect(touchInterval({ idle: HOUR, absolute: HOUR })).toBe(MINUTE)
  expect(touchInterval({ idle: 3000, absolute: HOUR })).toBe(100)
  expect(isTouchDue(makeRecord(), FAKE_START + MINUTE - 1, all(PROFILES.aal2))).toBe(false)
  expect(isTouchDue(makeRecord(), FAKE_START + MINUTE, all(PROFILES.aal2))).toBe(true)
})

it('counts the absolute timeout from authentication, and from creation before there is one', () => {
  const lifetimes = all({ idle: HOUR, absolute: 2 * HOUR })
  const late = { createdAt: FAKE_START, absoluteDeadline: FAKE_START + 100 * HOUR }
  expect(absoluteDeadline(makeRecord({ ...late, authenticatedAt: FAKE_START + HOUR }), lifetimes)).toBe(
    FAKE_START + 3 * HOUR,
  )
  expect(absoluteDeadline(makeRecord({ ...late, authenticatedAt: 0 }), lifetimes)).toBe(FAKE_START + 2 * HOUR)
})

it('ends at the very millisecond of either deadline', () => {
  const lifetimes = all({ idle: HOUR, absolute: 24 * HOUR })
  const session = makeRecord({ absoluteDeadline: FAKE_START + 2 * HOUR })
  expect(isExpired(session, FAKE_START + HOUR - 1, lifetimes)).toBe(false)
  expect(isExpired(session, FAKE_START + HOUR, lifetimes)).toBe(true)
  const used = makeRecord({
    seenAt: FAKE_START + 90 * MINUTE,
    idleDeadline: FAKE_START + 150 * MINUTE,
    absoluteDeadline: FAKE_START + 2 * HOUR,
  })
  expect(isExpired(used, FAKE_START + 2 * HOUR - 1, lifetimes)).toBe(false)
  expect(isExpired(used, FAKE_START + 2 * HOUR, lifetimes)).toBe(true)
})

it('lets a store forget a session at the nearer deadline and not before', () => {
  expect(keepSessionUntil(makeRecord())).toBe(FAKE_START + HOUR)
  expect(keepSessionUntil(makeRecord({ absoluteDeadline: FAKE_START + 5 }))).toBe(FAKE_START + 5)
})
