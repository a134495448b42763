import { expect, test } from 'vitest'
import { parseUrl, seedsIn } from './address.ts'

test.each([
  ['redis://a', { place: { host: 'a', port: 6379 } }],
  ['redis://a/', { place: { host: 'a', port: 6379 } }],
  ['redis://a:7000/3', { place: { host: 'a', port: 7000 }, database: 3 }],
  ['rediss://a', { place: { host: 'a', port: 6379 }, tls: true }],
  ['redis://[::1]:7000', { place: { host: '::1', port: 7000 } }],
  ['redis://:p%40ss@a', { place: { host: 'a', port: 6379 }, credentials: { password: 'p@ss' } }],
  [
    'redis://app:50%@a',
    { place: { host: 'a', port: 6379 }, credentials: { username: 'app', password: '50%' } },
  ],
  ['unix:///run/my%20redis.sock?db=2', { place: { path: '/run/my redis.sock' }, database: 2 }],
  ['/run/redis.sock', { place: { path: '/run/redis.sock' } }],
])('%s is taken apart', (url, location) => {
  expect(parseUrl(url)).toEqual(location)
})

test.each([
  undefined,
  1,
  '',
  'a:6379',
  'http://a',
  'redis://',
  'redis://a/x',
  'redis://a/-1',
  'redis://a?family=6',
  'redis://a#x',
  'redis://a:99999',
  'unix://',
  'unix:///',
  'unix://a/s',
  'unix:///s?db=x',
  'unix:///s?password=x',
])('%s is no URL of a Redis', (url) => {
  expect(parseUrl(url)).toBeUndefined()
})

test('what one URL of a cluster says besides its place holds for all', () => {
  expect(seedsIn(['redis://a', { host: 'b' }, 'rediss://app:p@c:7000'])).toEqual({
    hosts: [
      { host: 'a', port: 6379 },
      { host: 'b', port: 6379 },
      { host: 'c', port: 7000 },
    ],
    tls: true,
    credentials: { username: 'app', password: 'p' },
  })
  expect(seedsIn([{ host: 'a', port: 1 }])).toEqual({ hosts: [{ host: 'a', port: 1 }] })
})
