import { BlockList } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Arrival, type ClientFacts, clientOf } from './client-address.ts'
import { type ProxySettings, readProxyOptions } from './proxy-options.ts'

const PROXY = '10.0.0.1'
const STRANGER = '198.51.100.7'
const TRUSTED = ['10.0.0.0/8', 'fd00::/8', '::1']

function trusting(trusted: readonly string[], headers?: 'forwarded'): ProxySettings {
  const { settings, problems } = readProxyOptions({ trusted, ...(headers === undefined ? {} : { headers }) })
  expect(problems).toEqual([])
  return settings as ProxySettings
}

const xForwarded = trusting(TRUSTED)
const forwarded = trusting(TRUSTED, 'forwarded')

type Headers = Readonly<Record<string, string>>

function arrival(headers: Headers, facts: Partial<Arrival> = {}): Arrival {
  const header = (name: string): string | undefined =>
    Object.hasOwn(headers, name) ? headers[name] : undefined
  return { peer: PROXY, encrypted: false, host: 'app.internal', ...facts, header }
}

const addressBy = (hops: string): string | undefined =>
  clientOf(arrival({ 'x-forwarded-for': hops }), xForwarded).address

describe('without proxies', () => {
  test.each<[string, Partial<Arrival>, Partial<ClientFacts>]>([
    ['a stranger', { peer: STRANGER }, { address: STRANGER, scheme: 'http', connection: 'insecure' }],
    ['a stranger over TLS', { peer: STRANGER, encrypted: true }, { scheme: 'https', connection: 'https' }],
    ['this machine', { peer: '127.0.0.1', host: 'localhost:3000' }, { connection: 'loopback' }],
    ['this machine by IPv6', { peer: '::1', host: '[::1]' }, { connection: 'loopback' }],
    [
      'this machine, IPv4 in IPv6',
      { peer: '::ffff:127.0.0.1', host: 'LOCALHOST' },
      { address: '127.0.0.1', connection: 'loopback' },
    ],
    [
      'this machine under its public name',
      { peer: '127.0.0.1', host: 'shop.example' },
      { connection: 'insecure' },
    ],
    ['somebody who says localhost', { peer: STRANGER, host: 'localhost' }, { connection: 'insecure' }],
    [
      'a Unix socket, where proxies say localhost',
      { peer: 'unix', host: 'localhost' },
      { address: undefined, connection: 'insecure' },
    ],
    [
      'a connection that is gone',
      { peer: undefined, host: 'localhost' },
      { address: undefined, connection: 'insecure' },
    ],
    [
      'no connection to be seen, this host',
      { peer: 'unseen', host: 'localhost' },
      { address: undefined, connection: 'loopback' },
    ],
    [
      'no connection to be seen, another host',
      { peer: 'unseen', host: 'shop.example' },
      { connection: 'insecure' },
    ],
    ['a zone', { peer: 'fe80::1%eth0' }, { address: 'fe80::1' }],
  ])('%s', (_, facts, expected) => {
    expect(clientOf(arrival({}, facts), undefined)).toMatchObject(expected)
  })

  test.each(['forwarded', 'x-forwarded-for', 'x-forwarded-proto', 'via'])(
    'what went through a proxy (%s) is not from this machine',
    (name) => {
      const here = { peer: '127.0.0.1', host: 'localhost' }
      expect(clientOf(arrival({ [name]: '' }, here), undefined).connection).toBe('insecure')
      expect(clientOf(arrival({ [name]: 'x' }, { ...here, peer: 'unseen' }), undefined).connection).toBe(
        'insecure',
      )
    },
  )
})

describe('somebody who is not named is not believed (H01, H10)', () => {
  const text = fc.oneof(
    fc.string({ maxLength: 40 }),
    fc.constantFrom(
      'https',
      '127.0.0.1',
      `for=${PROXY};proto=https;host=evil.example`,
      `${PROXY}, ${PROXY}`,
      'evil.example',
    ),
  )
  const lies = fc.dictionary(
    fc.constantFrom(
      'forwarded',
      'x-forwarded-for',
      'x-forwarded-proto',
      'x-forwarded-host',
      'x-forwarded-port',
      'x-real-ip',
      'cf-connecting-ip',
      'x_forwarded_for',
      'via',
    ),
    text,
  )
  const peers = fc.constantFrom(
    STRANGER,
    '2001:db8::1',
    '11.0.0.1',
    '127.0.0.1',
    'unix',
    'unseen',
    'rubbish',
    '',
    undefined,
  )
  const someProxies = fc.constantFrom(
    undefined,
    trusting(['10.0.0.0/8', 'fd00::/8']),
    trusting(['10.0.0.0/8'], 'forwarded'),
  )
  const hosts = fc.constantFrom('localhost', 'shop.example')

  test('whatever headers it sends, nothing changes but that it is not this machine', () => {
    fc.assert(
      fc.property(
        lies,
        peers,
        someProxies,
        hosts,
        fc.boolean(),
        (headers, peer, proxies, host, encrypted) => {
          const honest = clientOf(arrival({}, { peer, host, encrypted }), proxies)
          const lying = clientOf(arrival(headers, { peer, host, encrypted }), proxies)
          const connection =
            lying.connection === 'insecure' && honest.connection === 'loopback'
              ? 'loopback'
              : lying.connection
          expect({ ...lying, connection }).toEqual(honest)
        },
      ),
      { numRuns: 2000 },
    )
  })

  test.each([
    ['x-forwarded', xForwarded, ['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto']],
    ['forwarded', forwarded, ['forwarded']],
  ] as const)('of a proxy that sets %s, no other header is read', (_, settings, names) => {
    const asked = new Set<string>()
    const everything = { ...arrival({}), header: (name: string) => String(asked.add(name).size) }
    clientOf(everything, settings)
    expect([...asked].toSorted()).toEqual(names)
  })
})

describe('the client is the last hop that is not a proxy of ours', () => {
  test.each<[string, string, string]>([
    ['one hop', STRANGER, STRANGER],
    ['what the client wrote itself (H02)', `127.0.0.1, ${STRANGER}`, STRANGER],
    ['a client that names our proxy', `${PROXY}, ${STRANGER}`, STRANGER],
    ['several proxies', `1.1.1.1, ${STRANGER}, fd00::7, 10.9.9.9`, STRANGER],
    ['proxies only: the first of them', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['no blank after the comma', `1.1.1.1,${STRANGER},10.0.0.2`, STRANGER],
    ['blanks and tabs', ` \t${STRANGER} \t,\t 10.0.0.2 `, STRANGER],
    ['an empty header', '', PROXY],
    ['a blank header', ' \t', PROXY],
  ])('%s', (_, hops, address) => {
    expect(addressBy(hops)).toBe(address)
  })

  test('without the header it is the proxy itself', () => {
    expect(clientOf(arrival({}), xForwarded).address).toBe(PROXY)
  })

  test.each([
    'unknown',
    '_hidden',
    '',
    '"',
    '""',
    'rubbish',
    '1.2.3',
    '1.2.3.4.5',
    '010.0.0.1',
    '0x7f.0.0.1',
    '2130706433',
    '1.2.3.256',
    '1.2.3.4:',
    '1.2.3.4:123456',
    '1.2.3.4 5',
    '[1.2.3.4]',
    '[::1',
    '::1]',
    '[::1]x',
    ':::',
    '1::2::3',
    'fe80::1%',
    'fe80::1%\u00e9',
    '1.2.3.4%eth0',
    '[]',
    'unix:',
    '\u00a01.2.3.4',
    `${'1'.repeat(5000)}.1.1.1`,
    `::${'0'.repeat(5000)}1`,
    `fe80::1%${'a'.repeat(100)}`,
    '2001:db8::1:4711:4711:4711:4711:4711:4711',
  ])('a hop that cannot be read falls to the proxy before it (H04): %j', (hop) => {
    expect(addressBy(`6.6.6.6, ${hop}, 10.0.0.2`)).toBe('10.0.0.2')
    expect(addressBy(`6.6.6.6, ${hop}`)).toBe(PROXY)
  })

  test('commas alone say nothing', () => {
    for (const hops of [',', ',,,', ' , ,', ','.repeat(60_000)]) expect(addressBy(hops)).toBe(PROXY)
  })

  test.each<[string, string]>([
    ['1.2.3.4:80', '1.2.3.4'],
    ['"1.2.3.4"', '1.2.3.4'],
    ['[2001:db8::1]:443', '2001:db8::1'],
    ['"[::2]"', '::2'],
    ['"[2001:DB8:0:0::1]:4711"', '2001:db8::1'],
    ['2001:db8::1', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['[fe80::1%25eth0.7]:80', 'fe80::1'],
  ])('ports, brackets, quotes and zones (H05): %s', (hop, address) => {
    expect(addressBy(hop)).toBe(address)
  })

  test.each<[string, string]>([
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::ffff:c000:201', '192.0.2.1'],
    ['0:0:0:0:0:FFFF:192.0.2.1', '192.0.2.1'],
    ['64:ff9b::10.0.0.1', '64:ff9b::a00:1'],
    ['2002:a00:1::1', '2002:a00:1::1'],
    ['::10.0.0.1', '::a00:1'],
    ['::ffff:0:10.0.0.1', '::ffff:0:a00:1'],
  ])('IPv4 in IPv6 is IPv4, translations of it are not (H06): %s', (hop, address) => {
    expect(addressBy(`6.6.6.6, ${hop}`)).toBe(address)
  })

  test('IPv4 in IPv6 is in IPv4 ranges, as hop and as peer', () => {
    expect(addressBy(`${STRANGER}, ::ffff:10.0.0.2, ::ffff:a00:3`)).toBe(STRANGER)
    const headers = { 'x-forwarded-for': STRANGER }
    expect(clientOf(arrival(headers, { peer: '::ffff:10.0.0.1' }), xForwarded).address).toBe(STRANGER)
    expect(clientOf(arrival(headers, { peer: '64:ff9b::a00:1' }), xForwarded).address).toBe('64:ff9b::a00:1')
  })

  test('of ten thousand hops the last 32 are followed (H03)', () => {
    const hops = (count: number): string =>
      [STRANGER, ...Array.from({ length: count }, () => '10.0.0.2')].join(', ')
    expect(addressBy(hops(31))).toBe(STRANGER)
    expect(addressBy(hops(32))).toBe('10.0.0.2')
    expect(addressBy(`6.6.6.6, ${hops(10_000)}`)).toBe('10.0.0.2')
    expect(addressBy(`${hops(10_000)}, ${STRANGER}`)).toBe(STRANGER)
    expect(addressBy(`${'6.6.6.6,'.repeat(7500)}${STRANGER}`)).toBe(STRANGER)
    expect(addressBy(`6.6.6.6,${'1'.repeat(60_000)}`)).toBe(PROXY)
  })

  test('an address that the text is cut through is not taken for another', () => {
    for (let cut = 1; cut < STRANGER.length; cut++) {
      const blanks = ' '.repeat(8192 - STRANGER.length + cut)
      expect(addressBy(`${STRANGER}${blanks}`)).toBe(PROXY)
      expect(addressBy(`${STRANGER}${blanks.slice(9)},10.0.0.2`)).toBe('10.0.0.2')
    }
    expect(addressBy(`${STRANGER}${' '.repeat(8192 - STRANGER.length)}`)).toBe(STRANGER)
  })

  test('in Forwarded likewise', () => {
    const by = (header: string): string | undefined =>
      clientOf(arrival({ forwarded: header }), forwarded).address
    expect(by(`for=6.6.6.6, for=${STRANGER}, for="[fd00::7]:4711", for=10.9.9.9`)).toBe(STRANGER)
    expect(by('for=10.0.0.3, for=10.0.0.2')).toBe('10.0.0.3')
    expect(by('for="[2001:db8::1]:4711"')).toBe('2001:db8::1')
    expect(by(`for=${STRANGER}, for=unknown, for=10.0.0.2`)).toBe('10.0.0.2')
    expect(by(`for=${STRANGER}, for=_hidden`)).toBe(PROXY)
    expect(by(`for=${STRANGER}, proto=https`)).toBe(PROXY)
    expect(by(`for=${STRANGER}, for="2001:db8::1"`)).toBe(PROXY)
    expect(by(Array.from({ length: 500 }, () => 'for=10.0.0.2').join(','))).toBe('10.0.0.2')
  })
})

describe('whatever the list, it finds what taking it apart finds', () => {
  const ours = [PROXY, '10.255.0.1', 'fd00::1', '::1', '::ffff:10.1.1.1', '"10.2.2.2:80"', '[fd12::3]:1']
  const others = [
    STRANGER,
    '192.0.2.1:80',
    '2001:db8::9',
    '"[2001:db8::8]"',
    '::ffff:11.0.0.1',
    '9.255.255.255',
  ]
  const rare = ['fe80::1%eth0', '64:ff9b::a00:1', 'unknown', '_x', '', ' ', 'rubbish', '"', '[', '10.0.0.1 1']
  const hop = fc.constantFrom(...ours, ...others, ...rare)
  const separator = fc.constantFrom(',', ', ', ' ,\t')
  const ranges = new BlockList()
  ranges.addSubnet('10.0.0.0', 8)
  ranges.addSubnet('fd00::', 8, 'ipv6')
  ranges.addAddress('::1', 'ipv6')

  test.each([xForwarded, trusting([...TRUSTED, 'unix'])])('%#', (settings) => {
    fc.assert(
      fc.property(fc.array(fc.tuple(hop, separator), { maxLength: 40 }), (pieces) => {
        const hops = pieces.flat().slice(0, -1).join('')
        const peer = settings.unix ? 'unix' : PROXY
        const found = clientOf(arrival({ 'x-forwarded-for': hops }, { peer }), settings).address
        expect(found).toBe(plainly(hops, settings.unix ? undefined : PROXY))
      }),
      { numRuns: 3000 },
    )
  })

  /** Knows addresses by the spellings above only. */
  function plainly(hops: string, peer: string | undefined): string | undefined {
    let client = peer
    const list = hops.trim() === '' ? [] : hops.split(',').toReversed().slice(0, 32)
    for (const spelling of list) {
      const text = spelling
        .trim()
        .replaceAll('"', '')
        .replace(/^\[(.*)\].*/, '$1')
        .replace('::ffff:', '')
        .replace('%eth0', '')
      const address = /^\d+\.\d+\.\d+\.\d+(:\d+)?$/.test(text) ? text.replace(/:.*/, '') : text
      if (!/^(\d+\.){3}\d+$|^[\da-f:]{3,}$/.test(address)) return client
      client = address
      if (!ranges.check(address, address.includes(':') ? 'ipv6' : 'ipv4')) return client
    }
    return client
  }
})

describe('the scheme', () => {
  const schemeBy = (proto: string, hops?: string): string => {
    const { scheme, connection } = clientOf(
      arrival({ 'x-forwarded-proto': proto, ...(hops === undefined ? {} : { 'x-forwarded-for': hops }) }),
      xForwarded,
    )
    expect(connection).toBe(scheme === 'https' ? 'https' : 'insecure')
    return scheme
  }

  test.each<[string, string, string | undefined, 'http' | 'https']>([
    ['one value', 'https', STRANGER, 'https'],
    ['without X-Forwarded-For', 'https', undefined, 'https'],
    ['in capitals (H12)', ' HTTPS\t', STRANGER, 'https'],
    ['one value for several hops', 'https', `6.6.6.6, ${STRANGER}, 10.0.0.2`, 'https'],
    ['of each hop: the one of the client', 'http, https, http', `6.6.6.6, ${STRANGER}, 10.0.0.2`, 'https'],
    ['of each hop: the client claims another', 'https, http, http', `6.6.6.6, ${STRANGER}, 10.0.0.2`, 'http'],
    ['of each hop, only proxies: the first', 'https, http', '10.0.0.3, 10.0.0.2', 'https'],
    ['of each hop, one that cannot be read', 'http, https, http', '6.6.6.6, unknown, 10.0.0.2', 'https'],
    ['more values than hops (H12)', 'https, http', STRANGER, 'http'],
    ['the same twice for one hop', 'https, https', STRANGER, 'http'],
    ['fewer values than hops', 'https, https', `6.6.6.6, ${STRANGER}, 10.0.0.2`, 'http'],
    ['two values and no hop', 'https, https', undefined, 'http'],
    ['http', 'http', STRANGER, 'http'],
    ['a script (H12)', 'javascript', STRANGER, 'http'],
    ['a websocket', 'wss', STRANGER, 'http'],
    ['a URL', 'https://', STRANGER, 'http'],
    ['quoted', '"https"', STRANGER, 'http'],
    ['with a no-break space', 'https\u00a0', STRANGER, 'http'],
    ['with a character that has the same small letter', 'http\u017f', STRANGER, 'http'],
    ['empty', '', STRANGER, 'http'],
    ['an empty entry', 'https,', `${STRANGER}, `, 'http'],
    ['60 KB', `https${' '.repeat(60_000)}`, STRANGER, 'http'],
    ['lists too long to count', 'https,'.repeat(3000), `${STRANGER},`.repeat(3000), 'http'],
    ['a list of hops too long to count', 'https, https', `6.6.6.6,${' '.repeat(8192)}${STRANGER}`, 'http'],
    ['one value for a list that is too long', 'https', `6.6.6.6,`.repeat(3000) + STRANGER, 'https'],
  ])('%s', (_, proto, hops, scheme) => {
    expect(schemeBy(proto, hops)).toBe(scheme)
  })

  test('a proxy that says nothing does not vouch, neither over TLS nor on this machine', () => {
    const secure = clientOf(arrival({ 'x-forwarded-for': STRANGER }, { encrypted: true }), xForwarded)
    expect(secure).toMatchObject({ address: STRANGER, scheme: 'http', connection: 'insecure' })
    const here = clientOf(arrival({}, { peer: '::1', host: 'localhost' }), xForwarded)
    expect(here).toMatchObject({ address: '::1', connection: 'insecure' })
  })

  test('in Forwarded it is said of the same hop', () => {
    const by = (header: string): string => clientOf(arrival({ forwarded: header }), forwarded).connection
    expect(by(`for=${STRANGER};proto=https`)).toBe('https')
    expect(by(`for=${STRANGER};Proto="HTTPS"`)).toBe('https')
    expect(by(`for=${STRANGER};proto=https, for=10.0.0.2;proto=http`)).toBe('https')
    expect(by(`for=6.6.6.6;proto=https, for=${STRANGER};proto=http`)).toBe('insecure')
    expect(by(`for=6.6.6.6;proto=https, for=${STRANGER}`)).toBe('insecure')
    expect(by(`for=${STRANGER}, proto=https`)).toBe('https')
    expect(by('for=unknown;proto=https')).toBe('https')
    expect(by(`for=${STRANGER};proto=javascript`)).toBe('insecure')
  })

  test.each([
    'for="1.2.3.4',
    'for=1.2.3.4;proto=https,for="',
    'proto=https proto=https',
    'for=1.2.3.4:80;proto=https',
  ])('a broken Forwarded is worth nothing at all (H08): %s', (header) => {
    const facts = clientOf(arrival({ forwarded: header }, { encrypted: true }), forwarded)
    expect(facts).toEqual({ address: PROXY, scheme: 'http', host: undefined, connection: 'insecure' })
  })
})

describe('the host (H13)', () => {
  const hostBy = (headers: Headers): string | undefined =>
    clientOf(arrival({ 'x-forwarded-for': STRANGER, 'x-forwarded-proto': 'https', ...headers }), xForwarded)
      .host

  test.each<[string, Headers, string | undefined]>([
    ['is the one that was asked for', {}, 'app.internal'],
    ['or what the proxy says', { 'x-forwarded-host': 'Shop.Example' }, 'shop.example'],
    ['with its port', { 'x-forwarded-host': 'shop.example:8443' }, 'shop.example:8443'],
    ['without the usual one', { 'x-forwarded-host': 'shop.example:443' }, 'shop.example'],
    ['not one of two', { 'x-forwarded-host': 'evil.example, shop.example' }, undefined],
    [
      'but the one of the client’s hop',
      { 'x-forwarded-host': 'evil.example, shop.example', 'x-forwarded-for': `6.6.6.6, ${STRANGER}` },
      'shop.example',
    ],
    ['not what is none', { 'x-forwarded-host': 'shop.example/evil' }, undefined],
  ])('%s', (_, headers, host) => {
    expect(hostBy(headers)).toBe(host)
  })

  test('two Host headers are none', () => {
    expect(
      clientOf(arrival({}, { peer: STRANGER, host: 'evil.example, shop.example' }), undefined).host,
    ).toBeUndefined()
  })

  test('in Forwarded it is said of the same hop', () => {
    const header = `for=6.6.6.6;host=evil.example, for=${STRANGER};proto=https;host="shop.example:8443", for=10.0.0.2;host=b`
    expect(clientOf(arrival({ forwarded: header }), forwarded).host).toBe('shop.example:8443')
    expect(clientOf(arrival({ forwarded: `for=${STRANGER}` }), forwarded).host).toBe('app.internal')
  })
})

describe('a proxy on a Unix socket', () => {
  const headers = { 'x-forwarded-for': `6.6.6.6, ${STRANGER}`, 'x-forwarded-proto': 'https' }

  test('is believed when it was named, and only then', () => {
    const told = { address: STRANGER, connection: 'https' }
    expect(clientOf(arrival(headers, { peer: 'unix' }), trusting(['unix']))).toMatchObject(told)
    expect(clientOf(arrival(headers, { peer: 'unix' }), xForwarded)).toMatchObject({
      address: undefined,
      connection: 'insecure',
    })
  })

  test('has no address to fall back to', () => {
    expect(
      clientOf(arrival({ 'x-forwarded-for': 'unknown' }, { peer: 'unix' }), trusting(['unix'])).address,
    ).toBeUndefined()
  })

  test('is not whoever is not to be seen', () => {
    for (const peer of ['unseen', undefined, '', STRANGER])
      expect(clientOf(arrival(headers, { peer }), trusting(['unix']))).toMatchObject({
        scheme: 'http',
        connection: 'insecure',
      })
  })
})
