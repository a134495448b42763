import { expect, test } from 'vitest'
import { crossTalk } from './cross-talk.ts'
import { signIn, verify } from './histories.fixture.ts'

test('a session that is shown as somebody else’s', () => {
  const wrong = verify('s', 10, { subject: 'other' })
  expect(crossTalk([signIn('s', 0), verify('s', 5, { subject: 'user' }), wrong])).toEqual([wrong])
})

test('whoever is refused or put off was shown nothing', () => {
  const refused = verify('s', 10, { result: 'none' })
  expect(crossTalk([signIn('s', 0), refused, verify('s', 20, { result: 'unavailable' })])).toEqual([])
})
