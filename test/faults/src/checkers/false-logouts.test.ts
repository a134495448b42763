import { expect, test } from 'vitest'
import { falseLogouts } from './false-logouts.ts'
import { operation, regenerate, revoke, signIn, verify } from './histories.fixture.ts'

const none = { result: 'none' } as const

test('a live session that is refused was signed out for nothing', () => {
  const refused = verify('s', 10, none)
  expect(falseLogouts([signIn('s', 0), refused])).toEqual([refused])
  expect(falseLogouts([signIn('s', 0), refused], { except: () => true })).toEqual([])
})

test('a live session whose cookie is cleared was, whatever else was answered', () => {
  const cleared = verify('s', 10, { result: 'unavailable', cleared: true })
  expect(falseLogouts([signIn('s', 0), cleared])).toEqual([cleared])
})

test('put off is not signed out', () => {
  expect(falseLogouts([signIn('s', 0), verify('s', 10, { result: 'unavailable' })])).toEqual([])
})

test('what may have ended it explains it from the moment of being asked for', () => {
  const endings = [
    revoke('s', 5, { returnedAt: 50 }),
    revoke('s', 5, { result: 'unknown' }),
    operation({ op: 'revokeAll', subject: 'user', result: 'unknown', invokedAt: 5 }),
    signIn('t', 5, { evicted: ['s'], returnedAt: 50 }),
    operation({ op: 'signIn', subject: 'user', result: 'unknown', invokedAt: 5 }),
  ]
  for (const ending of endings)
    expect(falseLogouts([signIn('s', 0), ending, verify('s', 10, none)])).toEqual([])
})

test('what was refused, or came later, explains nothing', () => {
  const endings = [
    operation({ op: 'signOut', session: 's', result: 'unavailable', invokedAt: 5 }),
    revoke('s', 20),
    operation({ op: 'revokeAll', subject: 'user', result: 'done', invokedAt: -5 }),
    operation({ op: 'revokeAll', subject: 'another', result: 'done', invokedAt: 5 }),
    signIn('t', 5, { evicted: ['u'] }),
  ]
  for (const ending of endings)
    expect(falseLogouts([signIn('s', 0), ending, verify('s', 10, none)])).toHaveLength(1)
})

test('a token that was replaced, or may have been, says nothing; the one that replaced it does', () => {
  const old = verify('s', 10, none)
  for (const result of ['done', 'unknown'] as const)
    expect(falseLogouts([signIn('s', 0), regenerate('s', 5, { result }), old])).toEqual([])
  expect(falseLogouts([signIn('s', 0), regenerate('s', 5, { result: 'refused' }), old])).toEqual([old])
  const present = verify('s', 10, { ...none, generation: 1 })
  expect(falseLogouts([signIn('s', 0), regenerate('s', 5), present])).toEqual([present])
})
