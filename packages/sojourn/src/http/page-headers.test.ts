import { describe, expect, it } from 'vitest'
import { ConfigError, InputError } from '../core/errors.ts'
import { fakeEnvironment } from '../testing/fake-environment.ts'
import {
  type CspDirective,
  createPageHeadersIn,
  type HstsOptions,
  type PageHeaderOptions,
  type PageHeaders,
  signedOutHeaders,
} from './page-headers.ts'

const environment = fakeEnvironment()
const page = (options: PageHeaderOptions = {}): PageHeaders => createPageHeadersIn(options, environment)()
const policy = (csp: Readonly<Partial<Record<CspDirective, readonly string[]>>>): string =>
  createPageHeadersIn({ csp }, fakeEnvironment())().headers['content-security-policy'] ?? ''
const hsts = (options: HstsOptions | false): string | undefined =>
  page({ hsts: options }).headers['strict-transport-security']

describe('the headers of a page', () => {
  it('are all that ASVS asks for', () => {
    expect(createPageHeadersIn({}, fakeEnvironment())()).toMatchInlineSnapshot(`
      {
        "headers": {
          "cache-control": "no-store",
          "content-security-policy": "default-src 'self'; script-src 'nonce-oACH-_dHnLht_nR9I2c_J30R'; style-src 'self' 'nonce-oACH-_dHnLht_nR9I2c_J30R'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
          "cross-origin-opener-policy": "same-origin",
          "cross-origin-resource-policy": "same-origin",
          "referrer-policy": "same-origin",
          "strict-transport-security": "max-age=31536000; includeSubDomains",
          "x-content-type-options": "nosniff",
        },
        "nonce": "oACH-_dHnLht_nR9I2c_J30R",
      }
    `)
  })

  it('carry the nonce that the page is given, another one each time', () => {
    const next = createPageHeadersIn({}, environment)
    const nonces = Array.from({ length: 100 }, () => {
      const { nonce, headers } = next()
      expect(nonce).toMatch(/^[A-Za-z0-9_-]{24}$/)
      expect(headers['content-security-policy']).toContain(`script-src 'nonce-${nonce}';`)
      expect(headers['content-security-policy']).toContain(`style-src 'self' 'nonce-${nonce}';`)
      return nonce
    })
    expect(new Set(nonces).size).toBe(100)
  })

  it('have no page without randomness', () => {
    const broken = fakeEnvironment()
    const next = createPageHeadersIn({}, broken)
    broken.randomnessFails = true
    expect(() => next()).toThrow('made the generator fail')
  })

  it('are names in lower case and values of one line', () => {
    const { headers } = page({ hsts: { preload: true }, csp: { 'report-uri': ['/csp?a=b'] } })
    for (const [name, value] of Object.entries(headers)) {
      expect(name).toBe(name.toLowerCase())
      expect(value).toMatch(/^[ -~]+$/)
    }
  })

  it('can be changed for one page without changing the next', () => {
    const next = createPageHeadersIn({}, environment)
    const first = next().headers as Record<string, string>
    first['referrer-policy'] = 'unsafe-url'
    expect(next().headers['referrer-policy']).toBe('same-origin')
  })
})

describe('the policy', () => {
  it('has a directive replaced, and others on top', () => {
    expect(
      policy({
        'img-src': ["'self'", 'data:', 'https://images.example'],
        'script-src': ["'nonce'", "'strict-dynamic'"],
        'frame-ancestors': ["'self'"],
        'upgrade-insecure-requests': [],
        sandbox: ['allow-forms'],
      }),
    ).toMatchInlineSnapshot(
      `"default-src 'self'; script-src 'nonce-oACH-_dHnLht_nR9I2c_J30R' 'strict-dynamic'; style-src 'self' 'nonce-oACH-_dHnLht_nR9I2c_J30R'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'; img-src 'self' data: https://images.example; upgrade-insecure-requests; sandbox allow-forms"`,
    )
  })

  it('stands for the same nonce wherever it is named', () => {
    const text = policy({ 'script-src-elem': ["'nonce'"], 'style-src': ["'nonce'"] })
    expect(text.match(/'nonce-[\w-]{24}'/g)).toHaveLength(3)
    expect(new Set(text.match(/'nonce-[\w-]{24}'/g)).size).toBe(1)
    expect(text).not.toContain("'nonce'")
  })

  it('may be without any', () => {
    const text = policy({ 'script-src': ["'none'"], 'style-src': ["'self'", "'unsafe-inline'"] })
    expect(text).toContain("script-src 'none'; style-src 'self' 'unsafe-inline'")
    expect(text).not.toContain('nonce')
  })

  it.each<[string, unknown, string]>([
    ['script-src', ["'unsafe-inline'"], 'planted script'],
    ['default-src', ["'self'", "'unsafe-inline'"], 'planted script'],
    ['script-src-attr', ["'unsafe-inline'"], 'planted script'],
    ['script-src-elem', ["'unsafe-inline'"], 'planted script'],
    ['img-src', ['self'], `"'self'"`],
    ['object-src', ['none'], `"'none'"`],
    ['script-src', ['nonce'], `"'nonce'"`],
    ['script-src', ["'nonce-abc'"], 'for one page'],
    ['img-src', [], `["'none'"]`],
    ['img-src', ["'none'", 'data:'], 'stands alone'],
    ['img-src', ['a b'], 'not one source'],
    ['img-src', ["'self'; script-src *"], 'not one source'],
    ['img-src', ['https://a.example,https://b.example'], 'not one source'],
    ['img-src', ['https://a.example\r\nset-cookie:'], 'not one source'],
    ['img-src', ['https://bücher.example'], 'not one source'],
    ['img-src', ["x'nonce'"], 'not one source'],
    ['img-src', [''], 'not one source'],
    ['img-src', "'self'", 'list of texts'],
    ['img-src', [7], 'list of texts'],
    ['img-src', undefined, 'list of texts'],
  ])('refuses %s: %j', (directive, sources, message) => {
    expect(problems({ csp: { [directive]: sources } })).toEqual([
      [`csp.${directive}`, expect.stringContaining(message)],
    ])
  })

  it.each([
    "'sha256-RFWPLDbv2BY+rCkDzsE+0fr8ylGr2R2faWMhq4lfEQc='",
    'https://*.example:8443/a/',
    'blob:',
    '*',
  ])('takes %s', (source) => {
    expect(policy({ 'img-src': [source] })).toContain(`img-src ${source}`)
  })
})

describe('HSTS', () => {
  it.each<[HstsOptions, string]>([
    [{}, 'max-age=31536000; includeSubDomains'],
    [{ includeSubDomains: false }, 'max-age=31536000'],
    [{ maxAge: '730d' }, 'max-age=63072000; includeSubDomains'],
    [{ maxAge: '5m' }, 'max-age=300; includeSubDomains'],
    [{ maxAge: '0s' }, 'max-age=0; includeSubDomains'],
    [{ maxAge: '2000ms' }, 'max-age=2; includeSubDomains'],
    [{ preload: true }, 'max-age=31536000; includeSubDomains; preload'],
  ])('%j is %s', (options, header) => {
    expect(hsts(options)).toBe(header)
  })

  it('can be left to somebody else', () => {
    expect(hsts(false)).toBeUndefined()
  })

  it.each<[unknown, string, string]>([
    [{ maxAge: '1y' }, 'hsts.maxAge', 'whole seconds'],
    [{ maxAge: 31_536_000 }, 'hsts.maxAge', 'whole seconds'],
    [{ maxAge: '500ms' }, 'hsts.maxAge', 'whole seconds'],
    [{ includeSubDomains: 'yes' }, 'hsts.includeSubDomains', 'true or false'],
    [{ preload: 1, includeSubDomains: true }, 'hsts.preload', 'true or false'],
    [{ preload: true, maxAge: '364d' }, 'hsts.preload', "'365d' or more"],
    [{ preload: true, includeSubDomains: false }, 'hsts.preload', "'365d' or more"],
    [{ includeSubdomains: true }, 'hsts.includeSubdomains', 'Did you mean `includeSubDomains`?'],
    [true, 'hsts', 'object, or false'],
    [null, 'hsts', 'object, or false'],
  ])('refuses %j', (options, path, message) => {
    expect(problems({ hsts: options })).toEqual([[path, expect.stringContaining(message)]])
  })
})

it('says everything that is wrong at once', () => {
  expect(problems({ cps: {}, csp: { 'img-scr': ["'self'"], 'font-src': [] }, hsts: { maxAge: 1 } })).toEqual([
    ['cps', expect.stringContaining('`csp`')],
    ['csp.img-scr', expect.stringContaining('`img-src`')],
    ['csp.font-src', expect.any(String)],
    ['hsts.maxAge', expect.any(String)],
  ])
  for (const csp of [null, [], 'none', 7]) expect(problems({ csp })).toEqual([['csp', expect.any(String)]])
})

describe('the headers after a sign-out', () => {
  it('clear cookies and storage, which ends what is bound to the device as well', () => {
    expect(signedOutHeaders()).toEqual({
      'clear-site-data': '"cookies", "storage"',
      'cache-control': 'no-store',
    })
  })

  it.each([
    [['storage'], '"storage"'],
    [['storage', 'cache', 'cookies'], '"cache", "cookies", "storage"'],
    [['cache', 'cache'], '"cache"'],
  ] as const)('clear what is chosen: %j', (clear, header) => {
    expect(signedOutHeaders({ clear })['clear-site-data']).toBe(header)
  })

  it.each([[[]], [['*']], [['"storage"']], ['storage'], [[undefined]], [null]])('refuse %j', (clear) => {
    expect(() => signedOutHeaders({ clear: clear as never })).toThrow(InputError)
  })
})

function problems(options: unknown): readonly (readonly [string, string])[] {
  try {
    createPageHeadersIn(options as PageHeaderOptions, environment)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ path, message }) => [path, message])
    throw error
  }
  return []
}
