import { describe, expect, test } from 'vitest'
import type { Operation } from '../history.ts'
import { operation, revoke, signIn, verify } from './histories.fixture.ts'
import { stickyRevoke } from './sticky-revoke.ts'

const within = (boundMs: number) => ({ boundMs: () => boundMs })

/** Acknowledged at 11. */
const HISTORY: readonly Operation[] = [signIn('s', 0), verify('s', 5), revoke('s', 10)]

describe('a session that was ended', () => {
  test('is accepted by a check that begins after the bound: that is a violation, with its lateness', () => {
    const late = verify('s', 5_020)
    const found = stickyRevoke([...HISTORY, verify('s', 1_000), late], within(5_000))
    expect(found.violations).toEqual([late])
    expect(found).toMatchObject({ ended: 1, checks: 2, worstLatenessMs: 9, acceptedAfterMs: [989, 5_009] })
  })

  test('is accepted within the bound, or by a check that began before the acknowledgement: no violation', () => {
    const found = stickyRevoke([...HISTORY, verify('s', 10, { returnedAt: 20 }), verify('s', 12)], within(5))
    expect(found).toMatchObject({ checks: 1, violations: [], worstLatenessMs: 0 })
  })

  test('counts from its first acknowledgement', () => {
    expect(stickyRevoke([...HISTORY, verify('s', 100), revoke('s', 200)], within(0)).violations).toHaveLength(
      1,
    )
  })

  test('may have ended unnoticed: what nobody acknowledged binds nobody', () => {
    const history = [signIn('s', 0), revoke('s', 10, { result: 'unknown' }), verify('s', 100)]
    expect(stickyRevoke(history, within(0))).toMatchObject({ ended: 0, violations: [] })
  })

  test('was evicted, signed out, or ended with all of its subject: the same', () => {
    const endings = [
      signIn('t', 10, { evicted: ['s'] }),
      operation({ op: 'signOut', session: 's', result: 'done', invokedAt: 10 }),
      operation({ op: 'revokeAll', subject: 'user', result: 'done', invokedAt: 10 }),
      operation({ op: 'revokeEverything', result: 'done', invokedAt: 10 }),
    ]
    for (const ending of endings)
      expect(stickyRevoke([signIn('s', 0), ending, verify('s', 20)], within(0)).violations).toHaveLength(1)
  })
})

describe('a revocation of all sessions of a subject', () => {
  const all = operation({ op: 'revokeAll', subject: 'user', result: 'done', invokedAt: 10, returnedAt: 20 })

  test('ends a sign-in that began before it, however late that is over', () => {
    const history = [signIn('s', 30, { begunAt: 5 }), all, verify('s', 40)]
    expect(stickyRevoke(history, within(0)).violations).toHaveLength(1)
  })

  test('says nothing about a sign-in that began while it was under way, or after it', () => {
    const history = [signIn('s', 15), signIn('t', 30), all, verify('s', 40), verify('t', 40)]
    expect(stickyRevoke(history, within(0)).violations).toEqual([])
  })
})
