/** `bad-inputs.md` K: options that cannot work are refused at the start, all at once, by name and without repeating a secret. */
import { ConfigError, createSessions } from 'sojourn'
import { memoryStore } from 'sojourn/stores/memory'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { STORES } from './harness/stores.ts'
import { fakeEnvironment } from 'sojourn/testing'
import { newSessions, OTHER_SECRET, SECRET } from './harness/world.ts'

afterEach(() => vi.unstubAllEnvs())

function problemsOf(options: Record<string, unknown>): { paths: string[]; message: string } {
  try {
    createSessions({
      deployment: 'x',
      secrets: SECRET,
      store: memoryStore(),
      ...options,
    })
    return { paths: [], message: '' }
  } catch (error) {
    if (!(error instanceof ConfigError) || error.code !== 'CONFIG_INVALID') throw error
    return { paths: error.problems.map(({ path }) => path), message: error.message }
  }
}

const weak: readonly (readonly [string, unknown])[] = [
  ['none', undefined],
  ['an empty list', []],
  ['empty', ''],
  ['31 bytes', SECRET.slice(0, 31)],
  ['one byte over and over', 'a'.repeat(64)],
  ['NUL bytes (V-32)', '\0'.repeat(64)],
  ['a Buffer without bytes', Buffer.alloc(0)],
  ['a Buffer of zeros', Buffer.alloc(32)],
  ['null', null],
  ['a number', 12_345],
  ['an object', {}],
  ['a function', () => SECRET],
  ['a pattern over and over', 'aB3-'.repeat(16)],
  ['an example from somebody’s documentation', 'keyboard cat keyboard cat keyboard cat XyZ'],
  ['a sentence with the word', 'this-is-my-super-secret-key-please-change-me-42'],
]

describe('K01, V-32, V-42: there is no default secret and no weak one', () => {
  test.each(weak)('%s', (_, secret) => {
    const { paths } = problemsOf({ secrets: secret })
    expect(paths).toEqual([expect.stringMatching(/^secrets/)])
  })

  test.each(
    weak.filter(([, secret]) => secret !== undefined && !(Array.isArray(secret) && secret.length === 0)),
  )('%s, behind a good one', (_, secret) => {
    expect(problemsOf({ secrets: [SECRET, secret] }).paths).toEqual(['secrets[1]'])
  })

  test('the message does not repeat the secret', () => {
    const { message } = problemsOf({ secrets: ['hunter2-canary', `${SECRET}\u0000`, SECRET, SECRET] })
    expect(message).toContain('secrets[0]')
    expect(message).not.toContain('hunter2')
    expect(message).not.toContain(SECRET.slice(4, 20))
  })
})

test('K03: one secret twice', () => {
  expect(problemsOf({ secrets: [SECRET, SECRET] }).paths).toEqual(['secrets[1]'])
})

describe('K04: cookies that a browser would refuse or that protect nothing', () => {
  test.each<[string, object, string[]]>([
    ['SameSite=None for every site', { sameSite: 'none' }, ['cookie.sameSite']],
    [
      'partitioned without Secure',
      { unsafeDevelopmentName: 'sid', partitioned: true },
      ['cookie.partitioned'],
    ],
    ['__Host- with a domain', { name: '__Host-sid', domain: 'shop.example' }, ['cookie.name']],
    ['__Host-Http- with a domain', { name: '__Host-Http-sid', domain: 'shop.example' }, ['cookie.name']],
    ['__Secure- without a domain', { name: '__Secure-sid' }, ['cookie.name']],
    ['no prefix', { name: 'sid' }, ['cookie.name']],
    ['a prefix in lower case', { name: '__host-http-sid' }, ['cookie.name']],
    ['a path of its own', { path: '/admin' }, ['cookie.path']],
    ['a semicolon in the name', { name: '__Host-s;id' }, ['cookie.name']],
    ['a line break in the name', { name: '__Host-sid\r\nX: y' }, ['cookie.name']],
    ['an equals sign in the name', { name: '__Host-s=id' }, ['cookie.name']],
    ['an empty name', { name: '' }, ['cookie.name']],
    ['a domain with a dot in front', { name: '__Secure-sid', domain: '.shop.example' }, ['cookie.domain']],
    [
      'a domain with a line break',
      { name: '__Secure-sid', domain: 'shop.example\r\nX: y' },
      ['cookie.domain'],
    ],
    ['a top-level domain', { name: '__Secure-sid', domain: 'com' }, ['cookie.domain']],
    ['an unknown SameSite', { sameSite: 'Lax' }, ['cookie.sameSite']],
    ['httpOnly off', { httpOnly: false }, ['cookie.httpOnly']],
    ['secure off', { secure: false }, ['cookie.secure']],
    [
      'a prefix on a development name',
      { unsafeDevelopmentName: '__Host-sid' },
      ['cookie.unsafeDevelopmentName'],
    ],
    ['its own name as a former one', { acceptNames: ['__Host-Http-sid'] }, ['cookie.acceptNames']],
    ['a former name that is none', { acceptNames: ['a;b'] }, ['cookie.acceptNames']],
    ['a former name that no cookie had', { acceptNames: ['bearer'] }, ['cookie.acceptNames']],
    ['the name of another transport', { name: 'bearer' }, ['cookie.name']],
    ['the name of another transport, for development', { unsafeDevelopmentName: 'bearer' }, ['cookie.name']],
  ])('%s', (_, cookie, paths) => {
    expect(problemsOf({ cookie }).paths).toEqual(paths)
  })
})

describe('K05, V-34: durations that are none, out of range, or in each other’s way', () => {
  const bad = [
    Number.NaN,
    Number.POSITIVE_INFINITY,
    -1,
    0,
    5,
    2 ** 53,
    '5',
    '-5m',
    '1e309s',
    '5 m',
    '5M',
    '',
    '99999999999d',
    null,
    {},
    ['5m'],
    true,
    () => '5m',
  ]

  test.each([
    'lifetime.idle',
    'lifetime.absolute',
    'remember.idle',
    'remember.absolute',
    'anonymous.idle',
    'anonymous.absolute',
    'regenerate.every',
    'regenerate.grace',
    'deadline',
    'commitDeadline',
    'attemptLifetime',
    'reauthenticateWithin',
  ])('%s', (path) => {
    const [first = '', second] = path.split('.')
    const wrong = bad.filter(
      (value) =>
        problemsOf({ [first]: second === undefined ? value : { [second]: value } }).paths[0] !== path,
    )
    expect(wrong).toEqual(path === 'reauthenticateWithin' ? [null] : [])
  })

  test.each<[string, object, string]>([
    ['idle longer than absolute', { lifetime: { idle: '25h', absolute: '24h' } }, 'lifetime.idle'],
    ['above 400 days', { remember: { absolute: '401d' } }, 'remember.absolute'],
    ['a grace above a minute', { regenerate: { grace: '61s' } }, 'regenerate.grace'],
    ['no session at all', { lifetime: { idle: '0s' } }, 'lifetime.idle'],
    ['a deadline that nothing meets', { deadline: '1ms' }, 'deadline'],
  ])('%s', (_, options, path) => {
    expect(problemsOf({ ...options }).paths).toEqual([path])
  })

  test.each([0, -1, 1.5, 257, Number.NaN, Number.POSITIVE_INFINITY, '5', 2 ** 53])('%s devices', (limit) => {
    expect(problemsOf({ devices: { limit } }).paths).toEqual(['devices.limit'])
  })

  test.each(['0B', '1GiB', '16', 16, Number.NaN, '-1KiB'])('data of at most %s', (limit) => {
    expect(problemsOf({ data: { limit } }).paths).toEqual(['data.limit'])
  })
})

describe('K09: what is for development does not start in production', () => {
  test('a development name', () => {
    vi.stubEnv('NODE_ENV', 'production')
    expect(problemsOf({ cookie: { unsafeDevelopmentName: 'sid' } }).paths).toEqual([
      'cookie.unsafeDevelopmentName',
    ])
    vi.stubEnv('NODE_ENV', 'development')
    expect(problemsOf({ cookie: { unsafeDevelopmentName: 'sid' } }).paths).toEqual([])
  })
})

describe('K14: a pattern or function where text is expected', () => {
  test.each(['deployment', 'realm', 'secrets', 'transport'])('%s', (path) => {
    expect(problemsOf({ [path]: /x/g }).paths).toEqual([path])
    expect(problemsOf({ [path]: () => 'x' }).paths).toEqual([path])
  })

  test.each(['name', 'sameSite', 'domain'])('cookie.%s', (key) => {
    expect(problemsOf({ cookie: { [key]: /x/g } }).paths).toContain(`cookie.${key}`)
  })

  test('names of deployment and realm', () => {
    for (const name of ['', ' ', 'a b', 'Shop', '../x', 'x'.repeat(65), 'a:b', 'a\0b', 'ä'])
      expect(problemsOf({ deployment: name, realm: name }).paths).toEqual(['deployment', 'realm'])
  })
})

describe('a value of another shape than an option has is refused by the option’s name', () => {
  test.each<[string, object, string]>([
    ['a number', { cookie: { name: 5 } }, 'cookie.name'],
    ['a pattern', { transport: /x/ }, 'transport'],
    ['a number', { lifetime: 5 }, 'lifetime'],
    ['null', { lifetime: null }, 'lifetime'],
    ['an object', { lifetime: { profile: {} } }, 'lifetime.profile'],
    ['true', { remember: true }, 'remember'],
    ['null', { devices: null }, 'devices'],
    ['a number', { devices: 5 }, 'devices'],
    ['null', { data: null }, 'data'],
    ['a list of numbers', { data: { dictionary: [1] } }, 'data.dictionary'],
    ['a text', { anonymous: 'x' }, 'anonymous'],
    ['a number', { anonymous: { carry: 5 } }, 'anonymous.carry'],
    ['null', { regenerate: null }, 'regenerate'],
    ['true', { regenerate: true }, 'regenerate'],
    ['an empty object', { environment: {} }, 'environment'],
    ['an empty object', { store: {} }, 'store'],
  ])('%s in %j', (_, options, path) => {
    expect(problemsOf({ ...options }).paths).toEqual([path])
  })

  test.each([{ cookie: 'x' }, { cookie: { unsafeDevelopmentName: 5 } }])('%j', (options) => {
    expect(problemsOf(options).paths).toEqual([expect.stringMatching(/^cookie/)])
  })

  test.each([undefined, null, 5])('%s instead of all options', (options) => {
    const problems = { code: 'CONFIG_INVALID', problems: expect.any(Array) as unknown }
    expect(() => createSessions(options as never)).toThrow(expect.objectContaining(problems) as Error)
  })
})

test('misspelt options are refused with the right spelling, never ignored', () => {
  const { paths, message } = problemsOf({
    secret: SECRET,
    cookies: {},
    cookie: { sameSize: 'lax' },
    lifetime: { idel: '5m' },
    devices: { limits: 3 },
  })
  expect(paths.toSorted()).toEqual([
    'cookie.sameSize',
    'cookies',
    'devices.limits',
    'lifetime.idel',
    'secret',
  ])
  for (const right of ['secrets', 'cookie', 'sameSite', 'idle', 'limit'])
    expect(message).toContain(`\`${right}\``)
})

test('all problems come at once', () => {
  const { paths } = problemsOf({
    deployment: '',
    secrets: 'short',
    store: undefined,
    lifetime: { idle: '2d', absolute: '1d' },
    cookie: { name: 'sid' },
  })
  expect(paths.toSorted()).toEqual(['cookie.name', 'deployment', 'lifetime.idle', 'secrets[0]', 'store'])
})

describe.each(STORES)('K11 over $name: a store belongs to one deployment', ({ open }) => {
  test('another name, or other secrets, do not start on it, and change nothing', async () => {
    const environment = fakeEnvironment()
    const { store, close } = open(environment)
    const first = newSessions(store, environment)
    await first.ready()
    const made = await first.signIn('alice', { transport: 'bearer' })
    await expect(newSessions(store, environment, { deployment: 'other' }).ready()).rejects.toMatchObject({
      code: 'DEPLOYMENT_MISMATCH',
    })
    await expect(newSessions(store, environment, { secrets: OTHER_SECRET }).ready()).rejects.toMatchObject({
      code: 'DEPLOYMENT_MISMATCH',
    })
    const again = newSessions(store, environment)
    await again.ready()
    const verdict = made.kind === 'signed-in' ? await again.verify(made.token, 'bearer') : undefined
    expect(verdict?.kind).toBe('valid')
    await close()
  })
})
