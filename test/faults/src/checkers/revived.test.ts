import { expect, test } from 'vitest'
import { revoke, signIn, verify } from './histories.fixture.ts'
import { revived } from './revived.ts'

const none = { result: 'none' } as const

test('a token that is accepted after it was refused', () => {
  const back = verify('s', 20)
  const found = revived([signIn('s', 0), verify('s', 5), verify('s', 10, none), back], { boundMs: 0 })
  expect(found).toEqual({ checks: 1, violations: [back], worstLatenessMs: 9 })
})

test('a copy may be as old as the bound, and a check that began before the refusal was answered proves nothing', () => {
  const history = [
    signIn('s', 0),
    verify('s', 10, { ...none, returnedAt: 30 }),
    verify('s', 20),
    verify('s', 40),
  ]
  expect(revived(history, { boundMs: 100 })).toMatchObject({ checks: 1, violations: [] })
})

test('put off is not accepted, and another token of the session is another', () => {
  const history = [
    signIn('s', 0),
    verify('s', 10, none),
    verify('s', 20, { result: 'unavailable' }),
    verify('s', 30, { generation: 1 }),
  ]
  expect(revived(history, { boundMs: 0 })).toMatchObject({ checks: 1, violations: [] })
})

test('who was told that a revocation is uncertain refuses alone, until it is acknowledged', () => {
  const refused = verify('s', 20, none)
  const elsewhere = verify('s', 30, { node: 'b' })
  for (const open of [revoke('s', 10, { result: 'unknown' }), revoke('s', 10, { returnedAt: 50 })])
    expect(revived([signIn('s', 0), open, refused, elsewhere], { boundMs: 0 }).violations).toEqual([])
  const done = revoke('s', 10)
  expect(revived([signIn('s', 0), done, refused, elsewhere], { boundMs: 0 }).violations).toEqual([elsewhere])
})
