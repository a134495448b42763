// From histories to figures: what a case adds to what the checkers find, and when somebody was served again.
import { expect, test } from 'vitest'
import { revoke, signIn, verify } from './checkers/histories.fixture.ts'
import { acceptedBetween } from './cut-off.ts'
import { servedAgain } from './drill.ts'
import { judged } from './judged.ts'
import { revocationFindings } from './revocations.ts'

const HELD = { session: 's', subject: 'user', token: '' }
const UNAVAILABLE = { result: 'unavailable' } as const

test('whoever was put off is served again with its first acceptance after that; who never was, at once', () => {
  const history = [
    verify('s', 5, UNAVAILABLE),
    verify('s', 12),
    verify('s', 20, UNAVAILABLE),
    verify('s', 25, UNAVAILABLE),
    verify('s', 40),
    verify('s', 50, UNAVAILABLE),
    verify('s', 60),
    verify('s', 15, { node: 'b' }),
    verify('s', 30, { ...UNAVAILABLE, node: 'c' }),
    verify('t', 30, UNAVAILABLE),
    verify('t', 90),
  ]
  expect(servedAgain(history, { from: 10, nodes: new Set(['a', 'b']), among: [HELD] })).toEqual([31, 0])
})

test('accepted by whoever is cut off, between the end of the fence and the end of the cut', () => {
  const history = [
    verify('s', 10),
    verify('s', 30),
    verify('s', 35),
    verify('s', 32, UNAVAILABLE),
    verify('s', 33, { node: 'b' }),
    verify('s', 60),
  ]
  const found = acceptedBetween(history, { nodes: new Set(['a']), after: 20, before: 50 })
  expect(found).toMatchObject({ violations: 2, of: 3, worstLatenessMs: 15 })
})

test('revocations: not answered, failed otherwise than as uncertain, and forgotten', () => {
  const uncertain = revoke('s', 10, { result: 'unknown', code: 'REVOKE_UNCERTAIN' })
  const failed = revoke('t', 10, { result: 'unknown', code: 'STORE_UNAVAILABLE' })
  const history = [
    uncertain,
    failed,
    verify('s', 50),
    verify('s', 40, { result: 'none' }),
    verify('t', 40),
    verify('t', 50, { result: 'none' }),
  ]
  const called = [uncertain, failed].map((operation) => ({ operation }))
  const findings = revocationFindings(history, { asked: 3, called })
  expect(findings.map(({ violations, of }) => [violations, of])).toEqual([
    [1, 3],
    [1, 2],
    [1, 2],
  ])
})

test('what a case finds itself counts with what the checkers find, and the worst lateness is that of all', () => {
  const history = [signIn('s', 0), revoke('s', 10), verify('s', 30)]
  const further = [{ what: 'of its own', violations: 2, of: 5, worstLatenessMs: 4 }]
  expect(judged(history, { faults: 1, boundMs: 5, further, recoveryP99Ms: 7 })).toMatchObject({
    operations: 3,
    violations: 3,
    worstLatenessMs: 14,
    recoveryP99Ms: 7,
    facts: expect.arrayContaining([
      'revoked sessions accepted after ack + bound: 1 of 1',
      'of its own: 2 of 5',
    ]),
  })
})
