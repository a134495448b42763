import type { EventName } from 'sojourn'
import { expect, test } from 'vitest'
import { type Diary, keepDiary } from './diary.ts'

const STRANGER = { id: undefined, subject: undefined }

/** A diary, and something that happens. */
function kept(): {
  readonly diary: Diary
  readonly happens: (name: EventName, event: object) => void
} {
  const listeners = new Map<string, (event: never) => void>()
  const diary = keepDiary({
    on(name, listener) {
      listeners.set(name, listener)
      return () => listeners.delete(name)
    },
  })
  return { diary, happens: (name, event) => listeners.get(name)?.(event as never) }
}

function signedIn(sessionId: string, subject: string, device = 'Firefox on Linux'): object {
  return { sessionId, subject, device, lifetime: 'session', address: '127.0.0.1' }
}

test('an account reads of all its devices, and of nobody else’s', () => {
  const { diary, happens } = kept()
  happens('session.created', signedIn('a1', 'ada'))
  happens('session.created', signedIn('a2', 'ada', 'Chrome on Android'))
  happens('session.created', signedIn('b1', 'bob'))
  happens('session.ended', { sessionId: 'a2', subject: 'ada', reason: 'revoked' })
  const texts = diary.read({ id: 'a1', subject: 'ada' }, 9).map(({ text }) => text)
  expect(texts).toEqual([
    'Chrome on Android was signed out from another device.',
    'Signed in on Chrome on Android, with a token that nobody had before.',
    'Signed in on Firefox on Linux, with a token that nobody had before.',
  ])
  expect(diary.read({ id: 'b1', subject: 'bob' }, 9)).toHaveLength(1)
  expect(diary.read(STRANGER, 9)).toEqual([])
})

test('what concerns no session is told to everybody, and once', () => {
  const { diary, happens } = kept()
  for (const _ of [1, 2, 3]) happens('token.rejected', { reason: 'forged', transport: 'cookie' })
  for (const person of [STRANGER, { id: 'a1', subject: 'ada' }])
    expect(diary.read(person, 9)).toMatchObject([{ event: 'token.rejected' }])
})

test('a token that is shown after the end is told to the account whose it was', () => {
  const { diary, happens } = kept()
  happens('session.created', signedIn('a1', 'ada'))
  happens('session.used-after-end', { sessionId: 'a1', reason: 'revoked' })
  const [newest] = diary.read({ id: 'a2', subject: 'ada' }, 1)
  expect(newest?.text).toBe('Firefox on Linux showed the token of an ended session. It was refused.')
  expect(diary.read({ id: 'b1', subject: 'bob' }, 9)).toEqual([])
})

test('what a visitor’s session did is read on in the account that they sign in to', () => {
  const { diary, happens } = kept()
  const { subject: _, ...visitor } = signedIn('v1', '') as Record<string, unknown>
  happens('session.created', visitor)
  expect(diary.read({ id: 'v1', subject: undefined }, 9)).toHaveLength(1)
  happens('session.created', signedIn('a1', 'ada'))
  happens('session.ended', { sessionId: 'v1', subject: undefined, reason: 'claimed' })
  diary.belongsTo('ada', 'v1')
  diary.belongsTo('bob', undefined)
  expect(diary.read({ id: 'a1', subject: 'ada' }, 9)).toHaveLength(3)
  expect(diary.read({ id: 'v1', subject: undefined }, 9)).toEqual([])
})

test('whoever follows is told what concerns them, until they stop', () => {
  const { diary, happens } = kept()
  const told: string[] = []
  const stop = diary.follow({ id: 'a1', subject: 'ada' }, ({ event }) => told.push(event))
  happens('session.created', signedIn('b1', 'bob'))
  happens('session.created', signedIn('a2', 'ada'))
  stop()
  happens('session.created', signedIn('a3', 'ada'))
  expect(told).toEqual(['session.created'])
})

test('it is bounded', () => {
  const { diary, happens } = kept()
  for (let index = 0; index < 2000; index++) happens('session.created', signedIn(`a${index}`, 'ada'))
  expect(diary.read({ id: 'a1', subject: 'ada' }, 9999)).toHaveLength(500)
})
