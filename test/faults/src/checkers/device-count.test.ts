import { expect, test } from 'vitest'
import { deviceCounts } from './device-count.ts'
import { operation, revoke, signIn } from './histories.fixture.ts'

const most = (history: Parameters<typeof deviceCounts>[0]): number | undefined =>
  deviceCounts(history).get('user')

test('counts the sessions that are live at one instant', () => {
  expect(most([signIn('a', 0), signIn('b', 1), signIn('c', 2)])).toBe(3)
})

test('a session that was evicted or revoked before the next began does not count with it', () => {
  expect(most([signIn('a', 0), signIn('b', 5, { evicted: ['a'] })])).toBe(1)
  expect(most([signIn('a', 0), revoke('a', 5), signIn('b', 10)])).toBe(1)
})

test('what may have ended from the moment of being asked for does not count', () => {
  expect(most([signIn('a', 0), revoke('a', 5, { returnedAt: 50 }), signIn('b', 10)])).toBe(1)
  expect(most([signIn('a', 0), revoke('a', 5, { result: 'unknown' }), signIn('b', 10)])).toBe(1)
})

test('an end of all that was over before does not keep later sessions from counting', () => {
  const all = operation({ op: 'revokeAll', subject: 'user', result: 'done', invokedAt: 5 })
  expect(most([signIn('a', 0), all, signIn('b', 10), signIn('c', 11)])).toBe(2)
})

test('a sign-in that nobody acknowledged, or was refused, does not count', () => {
  const history = [
    signIn('a', 0),
    signIn('b', 5, { result: 'refused' }),
    operation({ op: 'signIn', subject: 'user', result: 'unknown', invokedAt: 9 }),
  ]
  expect(most(history)).toBe(1)
})

test('subjects are counted apart', () => {
  expect(deviceCounts([signIn('a', 0), signIn('b', 0, { subject: 'other' })])).toEqual(
    new Map([
      ['user', 1],
      ['other', 1],
    ]),
  )
})
