import { describe, expect, test } from 'vitest'
import { isTrusted, readProxyOptions } from './proxy-options.ts'
import { readAddress } from './networks.ts'

const trustedBy = (trusted: readonly string[], text: string): boolean => {
  const { settings, problems } = readProxyOptions({ trusted })
  const address = readAddress(text)
  expect(problems).toEqual([])
  return settings !== undefined && address !== undefined && isTrusted(settings, address)
}

test('without proxies there are no settings and nothing to mend', () => {
  expect(readProxyOptions(undefined)).toEqual({ settings: undefined, problems: [] })
})

test('the headers are X-Forwarded-* unless told otherwise', () => {
  expect(readProxyOptions({ trusted: ['::1'] }).settings).toMatchObject({
    headers: 'x-forwarded',
    unix: false,
  })
  expect(readProxyOptions({ trusted: ['::1'], headers: undefined }).settings?.headers).toBe('x-forwarded')
  const settings = readProxyOptions({ trusted: ['unix'], headers: 'forwarded' }).settings
  expect(settings).toEqual({ headers: 'forwarded', unix: true, networks: [] })
})

test.each<[readonly string[], string, boolean]>([
  [['10.0.0.7'], '10.0.0.7', true],
  [['10.0.0.7'], '10.0.0.8', false],
  [['10.0.0.0/8'], '10.255.255.255', true],
  [['10.0.0.0/8'], '11.0.0.0', false],
  [['172.16.0.0/12'], '172.31.255.255', true],
  [['172.16.0.0/12'], '172.32.0.0', false],
  [['::1', 'fd00::/8'], 'fdff::1', true],
  [['fd00::/8'], 'fe00::1', false],
  [['FD00:0:0::/9'], 'fd7f::', true],
  [['10.0.0.0/8'], '::ffff:10.1.2.3', true],
  [['::ffff:10.0.0.0/104'], '10.1.2.3', true],
  [['::ffff:10.0.0.7'], '10.0.0.7', true],
  [['::ffff:10.0.0.7'], '10.0.0.8', false],
  [['10.0.0.0/8'], '64:ff9b::a00:1', false],
  [['10.0.0.0/8'], '2002:a00:1::', false],
  [['10.0.0.0/8'], '::10.0.0.1', false],
  [['64:ff9b::/96'], '64:ff9b::a00:1', true],
])('%j and %s: %s', (trusted, address, expected) => {
  expect(trustedBy(trusted, address)).toBe(expected)
})

const EVERYBODY = /^This is everybody/
const HOPS = /^A number of hops is not accepted/
const ENTRY = /^Write an IP address or a CIDR range/
const NAMES = /^Names are not looked up/

describe('what is refused, with its fix', () => {
  test.each<[string, unknown, string, RegExp]>([
    ['true', true, 'proxies', EVERYBODY],
    ['a star', '*', 'proxies', EVERYBODY],
    ['a number of hops', 1, 'proxies', HOPS],
    ['null', null, 'proxies', /trusted: \['10\.0\.0\.7'\]/],
    ['false', false, 'proxies', /leave it out/],
    ['a list', ['10.0.0.1'], 'proxies', /trusted: \['10\.0\.0\.7'\]/],
    ['no list', {}, 'proxies.trusted', /^Write a list/],
    ['one address', { trusted: '10.0.0.1' }, 'proxies.trusted', /^Write a list/],
    ['trusting all', { trusted: true }, 'proxies.trusted', EVERYBODY],
    ['trusting hops', { trusted: 2 }, 'proxies.trusted', HOPS],
    ['an empty list', { trusted: [] }, 'proxies.trusted', /^Name at least one/],
    [
      'other headers',
      { trusted: ['::1'], headers: 'x-real-ip' },
      'proxies.headers',
      /'x-forwarded' or 'forwarded'/,
    ],
    ['headers null', { trusted: ['::1'], headers: null }, 'proxies.headers', /'x-forwarded' or 'forwarded'/],
    [
      'a misspelt option',
      { trusted: ['::1'], header: 'forwarded' },
      'proxies.header',
      /Did you mean `headers`/,
    ],
  ])('%s', (_, options, path, message) => {
    const { settings, problems } = readProxyOptions(options)
    expect(settings).toBeUndefined()
    expect(problems).toEqual([{ path, message: expect.stringMatching(message) as unknown }])
  })

  test.each<[unknown, RegExp]>([
    [true, EVERYBODY],
    ['*', EVERYBODY],
    ['0.0.0.0/0', EVERYBODY],
    ['::/0', EVERYBODY],
    ['10.0.0.0/0', EVERYBODY],
    ['::ffff:0.0.0.0/96', EVERYBODY],
    ['::ffff:10.0.0.0/8', EVERYBODY],
    ['0.0.0.0', EVERYBODY],
    ['::', EVERYBODY],
    ['0.0.0.0/1', EVERYBODY],
    [1, HOPS],
    [0, HOPS],
    ['localhost', NAMES],
    ['proxy.internal', NAMES],
    ['loopback', NAMES],
    [undefined, ENTRY],
    [null, ENTRY],
    [{}, ENTRY],
    ['', ENTRY],
    [' 10.0.0.1', ENTRY],
    ['10.0.0.1:80', ENTRY],
    ['[::1]', ENTRY],
    ['fe80::1%eth0', ENTRY],
    ['10.0.0', ENTRY],
    ['10.0.0/24', ENTRY],
    ['010.0.0.0/8', ENTRY],
    ['10.0.0.0/08', ENTRY],
    ['10.0.0.0/', ENTRY],
    ['10.0.0.0/-8', ENTRY],
    ['10.0.0.0/8/8', ENTRY],
    ['10.0.0.0/255.0.0.0', ENTRY],
    ['10.0.0.256', ENTRY],
    ['UNIX:', ENTRY],
    ['10.0.0.0/33', /longest prefix here is \/32\b/],
    ['fd00::/129', /longest prefix here is \/128\b/],
    ['::ffff:10.0.0.0/129', /longest prefix here is \/128\b/],
    ['10.0.0.1/8', /does not begin at 10\.0\.0\.1\. Write '10\.0\.0\.0\/8', or '10\.0\.0\.1'/],
    ['172.31.0.0/12', /Write '172\.16\.0\.0\/12'/],
    ['2001:db8:1::1/33', /Write '2001:db8::\/33'/],
    ['::ffff:10.0.0.1/104', /Write '10\.0\.0\.0\/8'/],
  ])('among the trusted: %j', (entry, message) => {
    const { settings, problems } = readProxyOptions({ trusted: ['10.0.0.1', entry, 'unix'] })
    expect(settings).toBeUndefined()
    expect(problems).toEqual([
      { path: 'proxies.trusted[1]', message: expect.stringMatching(message) as unknown },
    ])
  })

  test('all of it at once', () => {
    const { problems } = readProxyOptions({ trusted: ['*', 'nginx'], headers: 'both', hops: 1 })
    expect(problems.map(({ path }) => path)).toEqual([
      'proxies.hops',
      'proxies.trusted[0]',
      'proxies.trusted[1]',
      'proxies.headers',
    ])
  })

  test('holes in the list', () => {
    const trusted = ['10.0.0.1']
    trusted[2] = '10.0.0.2'
    expect(readProxyOptions({ trusted }).problems).toHaveLength(1)
  })
})
