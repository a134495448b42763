import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { memoryStore } from '../../stores/memory/index.ts'
import { ConfigError, type ConfigProblem } from '../errors.ts'
import { SECRETS } from '../manager.fixture.ts'
import { readOptions } from './options.ts'
import { secretProblem } from './secret-strength.ts'

const [SECRET] = SECRETS
const GOOD = { deployment: 'shop', secrets: SECRET, store: memoryStore() }

function problemsOf(options: object): readonly ConfigProblem[] {
  try {
    readOptions<unknown>({ ...GOOD, ...options })
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}

const pathsOf = (options: object): string[] => problemsOf(options).map(({ path }) => path)

it('has safe defaults', () => {
  const settings = readOptions(GOOD)
  expect(settings).toMatchObject({
    realm: 'default',
    mode: 'bounded',
    remember: true,
    lifetimes: {
      session: { idle: 3_600_000, absolute: 86_400_000 },
      remember: { idle: 14 * 86_400_000, absolute: 30 * 86_400_000 },
      anonymous: { idle: 86_400_000, absolute: 7 * 86_400_000 },
    },
    dataLimit: 16_384,
    devices: { count: 10, policy: 'evict-oldest' },
    regenerateEveryMs: 0,
    graceMs: 30_000,
    deadlineMs: 250,
    commitDeadlineMs: 2_000,
    attemptMs: 900_000,
  })
  expect(settings.carry.size).toBe(0)
})

it('knows two modes', () => {
  expect([pathsOf({ mode: 'strict' }), pathsOf({ mode: 'bounded' })]).toEqual([[], []])
  expect([pathsOf({ mode: 'offline' }), pathsOf({ mode: null })]).toEqual([['mode'], ['mode']])
})

it('tells all problems at once, with their places, in one message', () => {
  const wrong = {
    deployment: 'My Shop',
    secrets: ['short', SECRET, SECRET],
    lifetime: { idle: '2d' },
    devices: { limit: 0, policy: 'ask' },
    deadline: 250,
    data: { limt: '4KiB' },
  }
  const places = [
    'deployment',
    'secrets[0]',
    'secrets[2]',
    'lifetime.idle',
    'devices.limit',
    'devices.policy',
    'deadline',
    'data.limt',
  ]
  expect(pathsOf(wrong).toSorted()).toEqual(places.toSorted())
  expect(() => readOptions({ ...GOOD, ...wrong } as never)).toThrow(
    /deployment[^]*devices\.limit[^]*data\.limt/,
  )
})

it('puts what others found first', () => {
  const found = [{ path: 'cookie.name', message: 'no' }]
  expect(() => readOptions(GOOD, found)).toThrow(/cookie\.name: no/)
})

describe('K01: a secret that protects nothing is refused, and never repeated', () => {
  it.each<[string, unknown]>([
    ['none', undefined],
    ['no list', []],
    ['empty', ''],
    ['31 bytes', SECRET.slice(0, 31)],
    ['one byte over and over', 'a'.repeat(64)],
    ['two bytes over and over', 'ab'.repeat(32)],
    ['a piece over and over', 'q3VZ0bqPp7uYwKxk'.repeat(4)],
    ['few different characters', 'aaaaaaaabbbbbbbbccccccccddddddddeeeeeeee'],
    ['from documentation', 'keyboard cat keyboard cat keyboard dog!'],
    ['with the word password', `${SECRET}-password`],
    ['with change-me', `Change_Me-${SECRET}`],
    ['a number', 1234],
    ['K14: a regular expression', /secret/],
    ['K14: a function', () => SECRET],
    ['zero bytes', [new Uint8Array(48)]],
  ])('%s', (_, secrets) => {
    const problems = problemsOf({ secrets })
    expect(problems.map(({ path }) => path.replace(/\[\d\]/, ''))).toEqual(['secrets'])
    const text = new ConfigError(problems).message
    expect(text).not.toContain(typeof secrets === 'string' && secrets !== '' ? secrets.slice(0, 8) : SECRET)
    expect(text).toContain('openssl rand -base64 48')
  })

  it.each([
    ['base64', SECRET],
    ['hex', Buffer.from(SECRET).toString('hex').slice(0, 64)],
    ['hex of 16 bytes', '9f86d081884c7d659a2feaa0c55ad015'],
    ['bytes', Buffer.from(SECRET)],
  ])('a good one is taken: %s', (_, secret) => {
    expect(secretProblem(secret)).toBeUndefined()
  })

  it('no message of any problem holds a secret', () => {
    const error = new ConfigError(problemsOf({ secrets: [SECRET, SECRET], deploymnt: SECRET, realm: SECRET }))
    expect(error.message).not.toContain(SECRET)
  })
})

describe('K05: times that cannot work are refused', () => {
  it.each<[string, object]>([
    ['lifetime.idle', { lifetime: { idle: '25h' } }],
    ['remember.idle', { remember: { idle: '31d' } }],
    ['anonymous.idle', { anonymous: { idle: '8d' } }],
    ['lifetime.absolute', { lifetime: { absolute: '401d' } }],
    ['lifetime.idle', { lifetime: { idle: '999ms' } }],
    ['regenerate.grace', { regenerate: { grace: '61s' } }],
    ['regenerate.every', { regenerate: { every: '59s' } }],
    ['deadline', { deadline: '9ms' }],
    ['deadline', { deadline: '11s' }],
    ['commitDeadline', { commitDeadline: '99ms' }],
    ['attemptLifetime', { attemptLifetime: '2d' }],
    ['lifetime.idle', { lifetime: { idle: Number.NaN } }],
    ['lifetime.idle', { lifetime: { idle: Number.POSITIVE_INFINITY } }],
    ['lifetime.idle', { lifetime: { idle: '5' } }],
    ['lifetime.idle', { lifetime: { idle: '-5m' } }],
    ['lifetime.idle', { lifetime: { idle: 3600 } }],
    ['data.limit', { data: { limit: '1MiB' } }],
    ['data.limit', { data: { limit: '63B' } }],
  ])('%s: %j', (path, options) => {
    expect(pathsOf(options)).toEqual([path])
  })

  it('an absolute timeout shorter than the usual idle one shortens that', () => {
    expect(readOptions({ ...GOOD, lifetime: { absolute: '30m' } }).lifetimes.session).toEqual({
      idle: 1_800_000,
      absolute: 1_800_000,
    })
  })
})

describe('K14, K15: values of the wrong kind are refused', () => {
  it.each<[string, object]>([
    ['deployment', { deployment: /shop/ }],
    ['deployment', { deployment: () => 'shop' }],
    ['deployment', { deployment: '' }],
    ['deployment', { deployment: ' shop' }],
    ['deployment', { deployment: 'a'.repeat(65) }],
    ['realm', { realm: '' }],
    ['store', { store: undefined }],
    ['store', { store: {} }],
    ['store', { store: { ...memoryStore(), commit: undefined } }],
    ['store', { store: memoryStore }],
    ['devices', { devices: 5 }],
    ['devices.limit', { devices: { limit: '10' } }],
    ['devices.limit', { devices: { limit: 1.5 } }],
    ['devices.limit', { devices: { limit: 257 } }],
    ['devices.limit', { devices: { limit: Number.NaN } }],
    ['lifetime', { lifetime: 'aal2' }],
    ['lifetime', { lifetime: null }],
    ['lifetime.profile', { lifetime: { profile: 'aal4' } }],
    ['lifetime.profile', { lifetime: { profile: '__proto__' } }],
    ['remember', { remember: 'false' }],
    ['anonymous.carry', { anonymous: { carry: 'cart' } }],
    ['anonymous.carry', { anonymous: { carry: ['cart', 5] } }],
    ['data.schema', { data: { schema: () => true } }],
    ['data.dictionary', { data: { dictionary: 'cart' } }],
    ['regenerate', { regenerate: false }],
    ['data', { data: null }],
  ])('%s: %j', (path, options) => {
    expect(pathsOf(options)).toContain(path)
  })
})

describe('a misspelt option is refused with a suggestion', () => {
  it.each<[string, object, string]>([
    ['lifetime.idel', { lifetime: { idel: '5m' } }, 'Did you mean `idle`?'],
    ['devices.Limit', { devices: { Limit: 5 } }, 'Did you mean `limit`?'],
    ['anonymous.cary', { anonymous: { cary: [] } }, 'Did you mean `carry`?'],
    ['regenerate.evry', { regenerate: { evry: '1h' } }, 'Did you mean `every`?'],
    ['data.dictionnary', { data: { dictionnary: [] } }, 'Did you mean `dictionary`?'],
    ['data.maximumBytes', { data: { maximumBytes: 5 } }, 'Known are: schema, dictionary, limit.'],
  ])('%s', (path, options, advice) => {
    expect(problemsOf(options)).toEqual([{ path, message: expect.stringContaining(advice) as string }])
  })
})

it('names the two dictionary keys that collide', () => {
  const names = new Map<string, string>()
  for (let index = 0; ; index++) {
    const name = createHash('sha256').update(`key${index}`).digest('hex').slice(0, 4)
    const other = names.get(name)
    names.set(name, `key${index}`)
    if (other === undefined) continue
    const [problem] = problemsOf({ data: { dictionary: ['cart', other, `key${index}`] } })
    expect(problem?.message).toContain(`"${other}" and "key${index}"`)
    return
  }
})
