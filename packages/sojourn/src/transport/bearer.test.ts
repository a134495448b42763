import { expect, test } from 'vitest'
import { findBearer } from './bearer.ts'

test.each(['Bearer abc', 'bearer abc', 'BEARER abc', 'Bearer a-b_c.d~e+f/g=='])('found in %s', (header) => {
  expect(findBearer(header)).toEqual({ kind: 'found', token: header.slice(7) })
})

test.each([
  undefined,
  '',
  'Basic abc',
  'Bearerer abc',
  'Bearer-x abc',
  'Token abc',
  'abc',
  ' Bearer abc',
  'Digest Bearer abc',
])('another scheme, or none: %s', (header) => {
  expect(findBearer(header).kind).toBe('absent')
})

test.each([
  'Bearer',
  'Bearer ',
  'Bearer  abc',
  'Bearer\tabc',
  'Bearer abc ',
  'Bearer abc def',
  'Bearer abc, Bearer def',
  'Bearer abc,def',
  'Bearer "abc"',
  'Bearer =',
  'Bearer a=b',
  'Bearer %E0%A4%A',
  'Bearer ä',
  'Bearer a\u0000b',
])('the scheme without one good token: %j', (header) => {
  expect(findBearer(header).kind).toBe('malformed')
})
