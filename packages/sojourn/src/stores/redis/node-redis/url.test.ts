import { expect, test } from 'vitest'
import { parseUrl } from './url.ts'

test.each([
  ['redis://a', { place: { host: 'a', port: 6379 } }],
  ['redis://a:7000/3', { place: { host: 'a', port: 7000 }, database: 3 }],
  ['rediss://a', { place: { host: 'a', port: 6379 }, tls: true }],
  ['redis://[::1]:7000', { place: { host: '::1', port: 7000 } }],
  ['redis://:p%40ss@a', { place: { host: 'a', port: 6379 }, credentials: { password: 'p@ss' } }],
  [
    'redis://app:50%@a',
    { place: { host: 'a', port: 6379 }, credentials: { username: 'app', password: '50%' } },
  ],
  ['unix:///run/my%20redis.sock?db=2', { place: { path: '/run/my redis.sock' }, database: 2 }],
])('%s is taken apart', (url, location) => {
  expect(parseUrl(url)).toEqual(location)
})

test.each([undefined, 1, '', 'a:6379', 'redis://a/x', 'unix:///s?db=x', 'redis://a:99999'])(
  '%s is no URL of a Redis',
  (url) => {
    expect(parseUrl(url)).toBeUndefined()
  },
)
