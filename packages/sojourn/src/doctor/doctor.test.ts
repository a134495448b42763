import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { ConfigError, SystemError } from '../core/errors.ts'
import { type Examinable, finding } from '../core/findings.ts'
import type { SessionStore } from '../core/store.ts'
import { memoryStore } from '../stores/memory/index.ts'
import { fakeEnvironment } from '../testing/fake-environment.ts'
import { assertSound, examine, type Examined, type FindingCode } from './index.ts'

afterEach(() => {
  vi.unstubAllEnvs()
})

const VOIDING = finding('redis-eviction', { where: 'a:1', seen: 'It evicts.', fix: 'Stop that.' })
const COSTLY = finding('redis-listpack', { seen: 'It is small.', fix: 'Raise it.' })

function storeThatTells(examinable: Examinable): SessionStore {
  return { ...memoryStore(), ...examinable }
}

async function codesOf(options: Omit<Examined, 'store'>): Promise<readonly FindingCode[]> {
  const { findings } = await examine({ store: memoryStore(), ...options })
  return findings.map(({ code }) => code)
}

async function problemsOf(work: Promise<unknown>): Promise<readonly string[]> {
  const error = await work.catch((thrown: unknown) => thrown)
  if (!(error instanceof ConfigError)) throw new Error('It was accepted.')
  return error.problems.map(({ path }) => path)
}

describe('options', () => {
  it.each<[FindingCode, Omit<Examined, 'store'>]>([
    ['options-csrf-off', { csrf: false }],
    ['options-csrf-log', { csrf: { mode: 'log' } }],
    ['options-development-cookie', { cookie: { unsafeDevelopmentName: 'sid' } }],
    ['options-no-reauthentication', { reauthenticateWithin: false }],
  ])('%s', async (code, options) => {
    expect(await codesOf(options)).toEqual([code])
  })

  it('about cookies mean nothing where none is used', async () => {
    expect(await codesOf({ transport: 'bearer', csrf: false })).toEqual([])
  })

  it('that are usual are no finding', async () => {
    expect(await codesOf({ csrf: { mode: 'enforce' }, cookie: { sameSite: 'strict' } })).toEqual([])
  })
})

describe('sessions in the memory of a process', () => {
  it('are lost with every restart: said in production', async () => {
    vi.stubEnv('NODE_ENV', 'production')
    expect(await codesOf({})).toEqual(['process-forgets'])
  })

  it('are no longer signed in at the next process: said in each of a cluster', async () => {
    const program = fork(fileURLToPath(new URL('cluster.fixture.ts', import.meta.url)), { silent: false })
    const [codes] = (await once(program, 'message')) as [readonly string[]]
    expect(codes).toEqual(['process-alone'])
  }, 60_000)
})

describe('what a store tells', () => {
  const store = storeThatTells({ examine: async () => ({ findings: [VOIDING, COSTLY], unseen: [] }) })

  it('is handed on, with the promises it is about and where to read on', async () => {
    expect((await examine({ store })).findings[0]).toEqual({
      code: 'redis-eviction',
      severity: 'voids',
      guarantees: [9, 10],
      where: 'a:1',
      seen: 'It evicts.',
      fix: 'Stop that.',
      docs: 'docs/doctor.md#redis-eviction',
    })
  })

  it('is asked with the longest that a check waits', async () => {
    const asked = vi.fn<Examinable['examine']>(async () => ({ findings: [], unseen: [] }))
    await examine({ store: storeThatTells({ examine: asked }), deadline: '400ms' })
    expect(asked).toHaveBeenCalledWith({ deadlineMs: 400 })
  })

  it('is left out where it is accepted', async () => {
    const { findings } = await examine({ store }, { accept: ['redis-eviction'] })
    expect(findings).toEqual([COSTLY])
  })

  it('refuses the start when it voids a promise, and names each with its fix', async () => {
    const refused = await assertSound({ store }).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(ConfigError)
    expect((refused as ConfigError).problems).toEqual([
      { path: 'redis-eviction (a:1)', message: 'It evicts. Stop that.' },
    ])
  })

  it('refuses nothing when it only costs', async () => {
    expect(await assertSound({ store }, { accept: ['redis-eviction'] })).toEqual({
      findings: [COSTLY],
      unseen: [],
    })
  })

  it('is unseen when it throws, and the rest is told', async () => {
    const failing = storeThatTells({ examine: () => Promise.reject(new Error('no')) })
    expect(await examine({ store: failing, csrf: false })).toMatchObject({
      findings: [{ code: 'options-csrf-off' }],
      unseen: [{ what: 'the store', because: 'no' }],
    })
  })
})

describe('a store that does not answer', () => {
  it('is a finding, with what it said', async () => {
    const store = {
      ...memoryStore(),
      ping: () => Promise.reject(new SystemError('STORE_CORRUPT', 'It is broken.')),
    }
    const { findings } = await examine({ store })
    expect(findings).toMatchObject([{ code: 'store-unavailable', severity: 'voids' }])
    expect(findings[0]?.seen).toContain('It is broken.')
  })

  it('is given up in time', async () => {
    const environment = fakeEnvironment()
    const store = { ...memoryStore(), ping: () => new Promise<void>(() => {}) }
    const examining = examine({ store, environment })
    await environment.advance(3_000)
    expect((await examining).findings.map(({ code }) => code)).toEqual(['store-unavailable'])
    expect(environment.timers).toBe(0)
  })
})

describe('what cannot be meant is refused', () => {
  it.each([
    ['no store', {}, {}, ['store']],
    ['nothing', undefined, {}, ['store']],
    ['a code that there is not', { store: memoryStore() }, { accept: ['redis'] }, ['accept[0]']],
    ['no list', { store: memoryStore() }, { accept: 'redis-eviction' }, ['accept']],
    ['a misspelt option', { store: memoryStore() }, { acept: [] }, ['acept']],
  ])('%s', async (_, options, asked, paths) => {
    expect(await problemsOf(examine(options as never, asked as never))).toEqual(paths)
  })
})
