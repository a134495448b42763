import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type CrossOriginFacts,
  type CrossOriginReason,
  crossOriginReason,
  type CsrfOptions,
  type CsrfSettings,
  readCsrfOptions,
} from './cross-origin.ts'

const HOST = 'shop.example'
const TRUSTED = 'https://app.example'
const UNSAFE = ['POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'CONNECT', 'PROPFIND', 'QUERY', 'get', 'Head', '']
const SAFE = ['GET', 'HEAD', 'OPTIONS']

const usual = settings()
const trusting = settings({ trustedOrigins: [TRUSTED, 'http://localhost:5173'] })

describe('a write', () => {
  const ORIGINS: Readonly<Record<string, string | undefined>> = {
    'no Origin': undefined,
    ours: `https://${HOST}`,
    'ours, http': `http://${HOST}`,
    'our port 8443': `https://${HOST}:8443`,
    sibling: `https://blog.${HOST}`,
    other: 'https://evil.example',
    trusted: TRUSTED,
    'trusted, http': 'http://app.example',
    null: 'null',
    empty: '',
    'ours twice': `https://${HOST}, https://${HOST}`,
    'trusted twice': `${TRUSTED}, ${TRUSTED}`,
    'ours with slash': `https://${HOST}/`,
    'ours in capitals': `HTTPS://${HOST}`,
    'another scheme': `chrome-extension://${HOST}`,
    'ours behind a user': `https://evil@${HOST}`,
  }
  const everyOrigin = Object.keys(ORIGINS)

  /** What is not said here is `foreign-origin`; `ok` is allowed. */
  type Row = readonly [site: string | undefined, scheme: 'http' | 'https' | undefined, expected: Expected]
  type Expected = Readonly<Record<string, CrossOriginReason | 'ok'>>
  const allOf = (reason: CrossOriginReason | 'ok'): Expected =>
    Object.fromEntries(everyOrigin.map((origin) => [origin, reason]))
  const bySite = (reason: CrossOriginReason): Expected => ({ ...allOf(reason), trusted: 'ok' })
  const byOrigin = (ours: Expected): Expected => ({
    ...allOf('foreign-origin'),
    'no Origin': 'ok',
    trusted: 'ok',
    null: 'opaque-origin',
    ...ours,
  })

  const SCHEMES = ['http', 'https', undefined] as const
  const TABLE: readonly Row[] = [
    [undefined, 'https', byOrigin({ ours: 'ok' })],
    [undefined, 'http', byOrigin({ 'ours, http': 'ok' })],
    [undefined, undefined, byOrigin({ ours: 'ok', 'ours, http': 'ok' })],
    ...SCHEMES.flatMap((scheme): Row[] => [
      ['same-origin', scheme, allOf('ok')],
      ['none', scheme, allOf('ok')],
      ['same-site', scheme, bySite('same-site')],
      ['cross-site', scheme, bySite('cross-site')],
      ['', scheme, bySite('unknown-site')],
      ['Same-Origin', scheme, bySite('unknown-site')],
      [' same-origin', scheme, bySite('unknown-site')],
      ['same-origin, same-origin', scheme, bySite('unknown-site')],
      ['same-origin, cross-site', scheme, bySite('unknown-site')],
      ['cross-origin', scheme, bySite('unknown-site')],
    ]),
  ]

  it.each(TABLE)('from %j over %s is decided by its origin', (site, scheme, expected) => {
    const found = Object.entries(ORIGINS).map(([name, origin]) => {
      const reasons = UNSAFE.map((method) =>
        crossOriginReason(facts({ method, site, scheme, origin }), trusting),
      )
      expect(new Set(reasons).size).toBe(1)
      return [name, reasons[0] ?? 'ok']
    })
    expect(Object.fromEntries(found)).toEqual(expected)
  })

  it('from the origin of a browser-bound key or a fetch without a body passes (G6)', () => {
    for (const origin of [undefined, `https://${HOST}`])
      expect(
        crossOriginReason(facts({ site: 'same-origin', origin, scheme: 'https' }), usual),
      ).toBeUndefined()
  })

  it('is trusted by nobody unless told so', () => {
    for (const site of ['cross-site', 'same-site', undefined])
      expect(crossOriginReason(facts({ site, origin: TRUSTED }), usual)).toBe(site ?? 'foreign-origin')
  })

  it('without both headers passes, unless they are required', () => {
    const strict = settings({ requireHeaders: true })
    expect(crossOriginReason(facts({}), usual)).toBeUndefined()
    expect(crossOriginReason(facts({}), strict)).toBe('no-headers')
    expect(crossOriginReason(facts({ method: 'GET', live: true }), strict)).toBe('no-headers')
    expect(crossOriginReason(facts({ method: 'GET' }), strict)).toBeUndefined()
    expect(crossOriginReason(facts({ site: 'same-origin' }), strict)).toBeUndefined()
    expect(crossOriginReason(facts({ origin: `https://${HOST}` }), strict)).toBeUndefined()
  })
})

describe('a read', () => {
  it.each(SAFE)('%s passes from anywhere, and nothing but method and kind is looked at', (method) => {
    const asked: string[] = []
    const watched = new Proxy(facts({ method, site: 'cross-site', origin: 'https://evil.example' }), {
      get: (target, name, receiver) => {
        asked.push(String(name))
        return Reflect.get(target, name, receiver)
      },
    })
    expect(crossOriginReason(watched, usual)).toBeUndefined()
    expect(asked).toEqual(['method', 'live'])
  })

  it.each<[string, Partial<CrossOriginFacts>, CrossOriginReason | undefined]>([
    ['of this origin', { origin: `https://${HOST}` }, undefined],
    ['of this origin, by site', { site: 'same-origin' }, undefined],
    ['that a user opened', { site: 'none' }, undefined],
    ['of a client that is no browser', {}, undefined],
    ['of a trusted page', { site: 'cross-site', origin: TRUSTED }, undefined],
    ['of a sibling', { origin: `https://blog.${HOST}` }, 'foreign-origin'],
    ['of a sibling, by site', { site: 'same-site', origin: `https://blog.${HOST}` }, 'same-site'],
    ['of another site', { origin: 'https://evil.example' }, 'foreign-origin'],
    ['of a sandboxed frame', { origin: 'null' }, 'opaque-origin'],
  ])('that stays open is held to the same rules: %s', (_, found, reason) => {
    for (const method of SAFE)
      expect(crossOriginReason(facts({ method, live: true, ...found }), trusting)).toBe(reason)
  })
})

describe('the own origin', () => {
  it.each<[string, Partial<CrossOriginFacts>]>([
    ['has the port of Host', { host: `${HOST}:8443`, origin: `https://${HOST}:8443` }],
    ['is not changed by a usual port that a proxy added', { host: `${HOST}:443`, origin: `https://${HOST}` }],
    ['is compared in lower case', { host: 'Shop.Example', origin: `https://${HOST}` }],
    ['may be an address', { host: '127.0.0.1:3000', origin: 'https://127.0.0.1:3000' }],
    ['may be an IPv6 address', { host: '[::1]:3000', origin: 'https://[::1]:3000' }],
    ['may be punycode', { host: 'xn--bcher-kva.example', origin: 'https://xn--bcher-kva.example' }],
  ])('%s', (_, found) => {
    for (const scheme of ['https', undefined] as const)
      expect(crossOriginReason(facts({ scheme, ...found }), usual)).toBeUndefined()
  })

  it.each<[string, Partial<CrossOriginFacts>]>([
    ['another port', { host: HOST, origin: `https://${HOST}:444` }],
    ['the usual port of the other scheme', { host: `${HOST}:80`, origin: `https://${HOST}` }],
    ['a host that begins so', { host: HOST, origin: `https://${HOST}.evil.example` }],
    ['a host that ends so', { host: HOST, origin: `https://evil-${HOST}` }],
    ['a dot at the end', { host: HOST, origin: `https://${HOST}.` }],
    ['a path', { host: `${HOST}/a`, origin: `https://${HOST}/a` }],
    ['no host', { host: undefined, origin: 'https://undefined' }],
    ['an empty host', { host: '', origin: 'https://' }],
    ['two hosts', { host: `${HOST}, ${HOST}`, origin: `https://${HOST}, ${HOST}` }],
    ['two hosts without a blank', { host: `a,${HOST}`, origin: `https://a,${HOST}` }],
  ])('is not one with %s', (_, found) => {
    for (const scheme of ['https', undefined] as const)
      expect(crossOriginReason(facts({ scheme, ...found }), usual)).toBe('foreign-origin')
  })

  it('is what the URL standard says it is', () => {
    const scheme = fc.constantFrom('http', 'https')
    const host = fc.constantFrom('shop.example', 'blog.shop.example', 'localhost', '127.0.0.1', '[::1]')
    const port = fc.constantFrom('', ':80', ':443', ':8080')
    const url = fc.tuple(scheme, host, port).map(([s, h, p]) => new URL(`${s}://${h}${p}`))
    fc.assert(
      fc.property(url, url, (page, target) => {
        const known = target.protocol.slice(0, -1) as 'http' | 'https'
        const found = facts({ origin: page.origin, host: target.host, scheme: known })
        expect(crossOriginReason(found, usual) === undefined).toBe(page.origin === target.origin)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('an exempt path', () => {
  const exempting = settings({ unsafeExemptPaths: ['/hooks', '/api/v1/events'] })
  const isExempt = (path: string): boolean =>
    crossOriginReason(facts({ site: 'cross-site', path }), exempting) === undefined

  it.each([
    '/hooks',
    '/hooks/',
    '/hooks?from=bank',
    '/hooks/bank/2',
    '/hooks/bank?next=/../%2e//',
    '/hooks/a.b/.c/..d/e..',
    '/hooks/a+b@c:d=e,f',
    '/api/v1/events',
  ])('is not checked: %s', (path) => {
    expect(isExempt(path)).toBe(true)
  })

  it.each([
    '/',
    '',
    '/hook',
    '/hooksmore',
    '/hooks-2/x',
    '/HOOKS',
    '/hooks;a',
    '/x/hooks',
    'hooks',
    '//hooks',
    '/hooks//x',
    '/hooks//',
    '/hooks/../pay',
    '/hooks/..',
    '/hooks/./x',
    '/hooks/.',
    '/hooks/..;/pay',
    '/hooks/..\\pay',
    '/hooks\\..\\pay',
    '/hooks/%2e%2e/pay',
    '/hooks/%2E%2E/pay',
    '/hooks/.%2e/pay',
    '/hooks%2f..%2fpay',
    '/hooks/%252e%252e/pay',
    '/hooks/%5c..%5cpay',
    '/hooks/\u0000/pay',
    '/hooks/\t../pay',
    '/hooks/a b',
    '/hooks#/../pay',
    '/api/v1',
    '/api/v1/../v1/events',
    'https://shop.example/hooks',
    '*',
  ])('is checked with %j', (path) => {
    expect(isExempt(path)).toBe(false)
  })

  it('lies below its prefix, however a router reads it', () => {
    const pieces = '/ / hooks /hooks pay .. . %2e %2F %5C %25 \\ ; ? # a \t'.split(' ')
    const target = fc
      .array(fc.constantFrom(...pieces), { maxLength: 12 })
      .map((found) => `/hooks${found.join('')}`)
    fc.assert(
      fc.property(target, (path) => {
        expect(!isExempt(path) || readLiberally(path)[0] === 'hooks').toBe(true)
      }),
      { numRuns: 5000 },
    )
  })

  it('is nobody’s unless told so', () => {
    expect(crossOriginReason(facts({ site: 'cross-site', path: '/hooks' }), usual)).toBe('cross-site')
  })
})

describe('the options', () => {
  it('are on without being named, and enforced', () => {
    for (const options of [undefined, {}])
      expect(readCsrfOptions(options)).toEqual({
        settings: { mode: 'enforce', trustedOrigins: new Set(), requireHeaders: false, exemptPaths: [] },
        problems: [],
      })
  })

  it('can be off, or only tell', () => {
    expect(readCsrfOptions(false)).toEqual({ settings: undefined, problems: [] })
    expect(settings({ mode: 'log' }).mode).toBe('log')
    const told = crossOriginReason(facts({ site: 'cross-site' }), settings({ mode: 'log' }))
    expect(told).toBe('cross-site')
  })

  it.each([true, null, 'enforce', 1, []])('are an object or false, not %j', (options) => {
    expect(readCsrfOptions(options)).toEqual({
      settings: undefined,
      problems: [{ path: 'csrf', message: 'Write an object, or false.' }],
    })
  })

  it('name everything that is wrong, with its place', () => {
    const wrong = {
      mode: 'report',
      requireHeaders: 'yes',
      trustedOrigins: ['https://app.example', 'app.example', 7],
      unsafeExemptPaths: '/hooks',
      trustedOrigin: [],
    }
    expect(problems(wrong)).toEqual([
      ['csrf.trustedOrigin', 'There is no such option. Did you mean `trustedOrigins`?'],
      ['csrf.mode', "Write 'enforce' or 'log'."],
      ['csrf.requireHeaders', 'Write true or false.'],
      [
        'csrf.trustedOrigins[1]',
        "Write scheme, host and, where it is not the usual one, port: 'https://app.example'.",
      ],
      ['csrf.trustedOrigins[2]', "Write text such as 'https://app.example'."],
      ['csrf.unsafeExemptPaths', 'Write a list of texts.'],
    ])
  })

  it.each([
    'https://app.example',
    'https://app.example:8443',
    'http://localhost:5173',
    'https://[::1]:3000',
    'https://xn--bcher-kva.example',
  ])('take an origin as browsers send it: %s', (origin) => {
    expect(problems({ trustedOrigins: [origin] })).toEqual([])
  })

  it.each([
    ['https://app.example/', 'https://app.example'],
    ['https://app.example/path', 'https://app.example'],
    ['https://app.example?x', 'https://app.example'],
    ['https://user@app.example', 'https://app.example'],
    ['https://app.example:443', 'https://app.example'],
    ['http://app.example:80', 'http://app.example'],
    ['HTTPS://App.Example', 'https://app.example'],
    ['https://bücher.example', 'https://xn--bcher-kva.example'],
    ['https://127.1', 'https://127.0.0.1'],
    [' https://app.example', undefined],
    ['https://app.example ', 'https://app.example'],
  ])('say what to write instead of %j', (origin, instead) => {
    const [[path, message] = []] = problems({ trustedOrigins: [origin] })
    expect(path).toBe('csrf.trustedOrigins[0]')
    expect(message).toContain(instead === undefined ? 'Write scheme, host' : `'${instead}'`)
  })

  it.each([
    ['null', 'Remove it'],
    ['*', 'no wildcards'],
    ['https://*.example', 'no wildcards'],
    ['app.example', 'Write scheme'],
    ['//app.example', 'Write scheme'],
    ['wss://app.example', 'Write scheme'],
    ['file:///tmp', 'Write scheme'],
    ['https://', 'Write scheme'],
    ['', 'Write scheme'],
  ])('refuse %j as an origin', (origin, message) => {
    expect(problems({ trustedOrigins: [origin] })).toEqual([
      ['csrf.trustedOrigins[0]', expect.stringContaining(message)],
    ])
  })

  it.each([
    'hooks',
    '/hooks/',
    '//hooks',
    '/a/../hooks',
    '/hooks/*',
    '/hooks?x',
    '/hooks%20',
    '/ho oks',
    '',
    7,
  ])('refuse %j as a path', (path) => {
    expect(problems({ unsafeExemptPaths: [path] })).toEqual([
      ['csrf.unsafeExemptPaths[0]', expect.stringContaining("'/webhooks'")],
    ])
  })

  it('refuse to exempt everything', () => {
    expect(problems({ unsafeExemptPaths: ['/'] })).toEqual([
      ['csrf.unsafeExemptPaths[0]', expect.stringContaining('csrf: false')],
    ])
  })

  it('are read once: a list that changes later changes nothing', () => {
    const trustedOrigins = [TRUSTED]
    const unsafeExemptPaths = ['/hooks']
    const made = settings({ trustedOrigins, unsafeExemptPaths })
    trustedOrigins.push('https://evil.example')
    unsafeExemptPaths.push('/pay')
    expect([...made.trustedOrigins, ...made.exemptPaths]).toEqual([TRUSTED, '/hooks'])
  })
})

function settings(options: CsrfOptions = {}): CsrfSettings {
  const read = readCsrfOptions(options)
  expect(read.problems).toEqual([])
  return read.settings as CsrfSettings
}

function problems(options: unknown): readonly (readonly [string, string])[] {
  return readCsrfOptions(options).problems.map(({ path, message }) => [path, message] as const)
}

function facts(found: Partial<CrossOriginFacts>): CrossOriginFacts {
  return {
    method: 'POST',
    live: false,
    site: undefined,
    origin: undefined,
    scheme: undefined,
    host: HOST,
    path: '/pay',
    ...found,
  }
}

/** The segments that the most obliging server ends with: decoded over and over, backslashes turned, dots resolved. */
function readLiberally(target: string): readonly string[] {
  let path = target.split(/[?#]/)[0] ?? ''
  for (let round = 0; round < 4; round++)
    path = path.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) =>
      String.fromCodePoint(Number.parseInt(hex, 16)),
    )
  const segments: string[] = []
  for (const segment of path
    .replaceAll('\\', '/')
    .replaceAll(/[\t\r\n]/g, '')
    .split('/')) {
    const [name = ''] = segment.split(';')
    if (name === '..') segments.pop()
    else if (name !== '' && name !== '.') segments.push(name)
  }
  return segments
}
