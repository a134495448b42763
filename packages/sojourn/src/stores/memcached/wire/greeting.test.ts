import { describe, expect, it } from 'vitest'
import { largestIn } from './greeting.ts'

const SETTINGS = new Map([
  ['cas_enabled', 'yes'],
  ['item_size_max', '1048576'],
])

it.each(['1.6.18', '1.6.38', '1.7.0', '2.0.1', '1.6.18-rc1'])('version %s will do', (version) => {
  expect(largestIn({ version, settings: SETTINGS })).toBe(1_048_064)
})

describe('not to be used is', () => {
  it.each(['1.6.17', '1.5.99', '0.9.20', '', 'mcrouter 40.0.0'])('version %j', (version) => {
    expect(() => largestIn({ version, settings: SETTINGS })).toThrow(/Memcached 1\.6\.18 or newer/)
  })

  it.each([
    ['one without compare-and-set', 'cas_enabled', 'no', /-C/],
    ['a proxy', 'proxy_enabled', 'yes', /proxy/],
    ['one that does not say how large items may be', 'item_size_max', '', /how large/],
  ])('%s', (_, name, value, message) => {
    const settings = new Map([...SETTINGS, [name, value]])
    expect(() => largestIn({ version: '1.6.18', settings })).toThrow(message)
  })
})
