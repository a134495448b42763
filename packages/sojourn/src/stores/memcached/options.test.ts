import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../core/errors.ts'
import { memcachedStore, type MemcachedStoreOptions } from './index.ts'
import { parseServer } from './wire/servers.ts'

describe('a server is', () => {
  it.each([
    ['cache-1', 'cache-1:11211', { host: 'cache-1', port: 11_211 }],
    ['Cache-1:11212', 'cache-1:11212', { host: 'cache-1', port: 11_212 }],
    ['10.0.0.1:1', '10.0.0.1:1', { host: '10.0.0.1', port: 1 }],
    ['[::1]', '[::1]:11211', { host: '::1', port: 11_211 }],
    ['[FE80::1]:65535', '[fe80::1]:65535', { host: 'fe80::1', port: 65_535 }],
    ['unix:/run/m.sock', 'unix:/run/m.sock', { path: '/run/m.sock' }],
  ])('%s', (text, name, place) => {
    expect(parseServer(text)).toEqual({ name, place })
  })

  it.each([
    '',
    ' ',
    'a b',
    'host:',
    'host:0',
    'host:65536',
    '::1',
    '[::1',
    'unix:relative',
    'memcached://x',
    7,
  ])('not %j', (text) => {
    expect(parseServer(text)).toBe(undefined)
  })
})

describe('refused, with what to write instead, is', () => {
  it.each([
    ['no list', {}, 'servers', /List 1 to 64/],
    ['an empty list', { servers: [] }, 'servers', /List 1 to 64/],
    ['a text', { servers: 'cache-1' }, 'servers', /List 1 to 64/],
    ['what is no address', { servers: ['a', 'b c'] }, 'servers[1]', /host:port/],
    ['a server twice', { servers: ['a', 'A:11211'] }, 'servers[1]', /already/],
    ['a prefix with a space', { servers: ['a'], prefix: 'a b' }, 'prefix', /letters/],
    ['an empty prefix', { servers: ['a'], prefix: '' }, 'prefix', /letters/],
    ['TLS by name', { servers: ['a'], tls: 'yes' }, 'tls', /node:tls/],
    ['a misspelt name', { servers: ['a'], prefx: 'x' }, 'prefx', /`prefix`/],
  ])('%s', (_, options, path, message) => {
    expect(problemsOf(options)).toEqual([{ path, message: expect.stringMatching(message) }])
  })
})

function problemsOf(options: object): ConfigError['problems'] {
  try {
    memcachedStore(options as MemcachedStoreOptions)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  throw new Error('These options should not have been accepted.')
}
