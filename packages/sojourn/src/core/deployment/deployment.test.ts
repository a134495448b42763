import { describe, expect, it } from 'vitest'
import { instant } from '../instant.ts'
import { memoryStore } from '../../stores/memory/index.ts'
import { FAKE_START, fakeEnvironment } from '../../testing/fake-environment.ts'
import { flakyStore, type FlakyStore } from '../../testing/flaky-store.ts'
import { createBreaker } from '../calls/breaker.ts'
import { createDeadlines, type Deadlines } from '../calls/deadline.ts'
import type { Environment } from '../environment.ts'
import {
  type DeploymentParts,
  nextGlobalEpoch,
  openDeployment,
  raiseGlobalEpoch,
  readGlobalEpoch,
  rosterKeyOf,
} from './deployment.ts'
import { createDeploymentWatch, STALE_AFTER_MS } from './deployment-watch.ts'
import { managerOn, SECRETS } from '../manager.fixture.ts'
import { secretsRing } from '../token/secrets.ts'

interface Setting {
  readonly environment: ReturnType<typeof fakeEnvironment>
  readonly store: FlakyStore
  readonly parts: (...secrets: string[]) => DeploymentParts
  readonly value: () => Promise<Record<string, unknown>>
}

function setUp(): Setting {
  const environment = fakeEnvironment()
  const store = flakyStore(memoryStore({ environment }), { environment })
  return {
    environment,
    store,
    parts: (...secrets) => ({
      documents: store.documents,
      environment,
      ring: secretsRing(secrets.length === 0 ? [SECRETS[0]] : secrets),
      name: 'shop',
    }),
    value: async () =>
      JSON.parse((await store.documents.get('deployment'))?.value ?? 'null') as Record<string, unknown>,
  }
}

describe('the first start', () => {
  it('makes the record, and later ones find the same', async () => {
    const { parts, environment } = setUp()
    const first = await openDeployment(parts())
    await environment.advance(1000)
    const second = await openDeployment(parts())
    expect(second).toMatchObject({ id: first.id, globalEpoch: FAKE_START })
    expect(second.namingKey.equals(first.namingKey)).toBe(true)
  })

  it('by several processes at once makes one', async () => {
    const { parts } = setUp()
    const all = await Promise.all(Array.from({ length: 8 }, () => openDeployment(parts())))
    expect(new Set(all.map(({ id }) => id)).size).toBe(1)
  })

  it('stores the naming key wrapped, never in the clear', async () => {
    const { parts, store } = setUp()
    const key = (await openDeployment(parts())).namingKey.export()
    const { value } = (await store.documents.get('deployment')) ?? { value: '' }
    for (const spelling of ['base64', 'base64url', 'hex'] as const)
      expect(value).not.toContain(key.toString(spelling).replace(/=+$/, ''))
    expect(value).not.toContain(SECRETS[0])
  })
})

describe('the start is refused', () => {
  it('in a store of another deployment, naming both', async () => {
    const { parts } = setUp()
    await openDeployment(parts())
    const other = openDeployment({ ...parts(), name: 'forum' })
    await expect(other).rejects.toMatchObject({ code: 'DEPLOYMENT_MISMATCH', retryable: false })
    await expect(openDeployment({ ...parts(), name: 'forum' })).rejects.toThrow(/"shop".*"forum"/)
  })

  it('with secrets that do not open it, saying what to do', async () => {
    const { parts } = setUp()
    await openDeployment(parts())
    const wrong = openDeployment(parts(SECRETS[1]))
    await expect(wrong).rejects.toMatchObject({ code: 'DEPLOYMENT_MISMATCH' })
    await expect(openDeployment(parts(SECRETS[1]))).rejects.toThrow('Add the secret it was started with')
  })

  it.each(['', 'null', '{}', '[]', '"text"', '{"format":1}', '{"format":"1","name":"shop"'])(
    'when the record reads %j',
    async (value) => {
      const { parts, store } = setUp()
      await store.documents.put('deployment', 'absent', value)
      await expect(openDeployment(parts())).rejects.toMatchObject({ code: 'DEPLOYMENT_MISMATCH' })
    },
  )

  it('when the wrapped key was changed in any character', async () => {
    const { parts, value, store } = setUp()
    await openDeployment(parts())
    const document = await value()
    const wrapped = String(document['namingKey'])
    let version = 1
    for (let at = 0; at < wrapped.length; at++) {
      const other = wrapped.slice(0, at) + (wrapped[at] === 'A' ? 'B' : 'A') + wrapped.slice(at + 1)
      await store.documents.put('deployment', version++, JSON.stringify({ ...document, namingKey: other }))
      await expect(openDeployment(parts()), `character ${at}`).rejects.toMatchObject({
        code: 'DEPLOYMENT_MISMATCH',
      })
    }
  })

  it('when the record is of a later version', async () => {
    const { parts, value, store } = setUp()
    await openDeployment(parts())
    await store.documents.put('deployment', 1, JSON.stringify({ ...(await value()), format: 2 }))
    await expect(openDeployment(parts())).rejects.toMatchObject({ code: 'STORE_NEWER' })
  })
})

describe('the number of tags', () => {
  it('is kept with the record, and another one is refused with what to configure', async () => {
    const { parts, value } = setUp()
    await openDeployment({ ...parts(), tags: 16 })
    expect(await value()).toMatchObject({ tags: 16 })
    await expect(openDeployment({ ...parts(), tags: 16 })).resolves.toBeDefined()
    const other = openDeployment({ ...parts(), tags: 32 })
    await expect(other).rejects.toMatchObject({ code: 'DEPLOYMENT_MISMATCH', retryable: false })
    await expect(openDeployment({ ...parts(), tags: 32 })).rejects.toThrow('configure `tags: 16`')
  })

  it('is compared at every renewal and every change of the record', async () => {
    const { parts } = setUp()
    const known = await openDeployment({ ...parts(), tags: 16 })
    const other = { ...parts(), tags: 32 }
    const mismatch = { code: 'DEPLOYMENT_MISMATCH' }
    await expect(readGlobalEpoch(other, known)).rejects.toMatchObject(mismatch)
    await expect(raiseGlobalEpoch(other, known.globalEpoch + 1)).rejects.toMatchObject(mismatch)
  })

  it('stays what it is when everything is revoked and when the secrets change', async () => {
    const { parts, value } = setUp()
    const { globalEpoch } = await openDeployment({ ...parts(), tags: 16 })
    await raiseGlobalEpoch({ ...parts(), tags: 16 }, globalEpoch + 1)
    await openDeployment({ ...parts(SECRETS[1], SECRETS[0]), tags: 16 })
    expect(await value()).toMatchObject({ tags: 16, globalEpoch: globalEpoch + 1 })
  })

  it('is nothing to a store without tags, nor to a record that was made without', async () => {
    const { parts, value } = setUp()
    await openDeployment(parts())
    expect(await value()).not.toHaveProperty('tags')
    await expect(openDeployment({ ...parts(), tags: 16 })).resolves.toBeDefined()
    const tagged = setUp()
    await openDeployment({ ...tagged.parts(), tags: 16 })
    await expect(openDeployment(tagged.parts())).resolves.toBeDefined()
  })

  it.each(['"16"', 'null', '1.5'])('that reads %s is no record', async (tags) => {
    const { parts, store, value } = setUp()
    await openDeployment(parts())
    const text = JSON.stringify(await value()).replace('}', `,"tags":${tags}}`)
    await store.documents.put('deployment', 1, text)
    await expect(openDeployment(parts())).rejects.toThrow('cannot be read')
  })

  it('is that of the store which the manager was given', async () => {
    const { environment, store } = setUp()
    await managerOn({ ...store, traits: { ...store.traits, tags: 16 } }, environment).ready()
    const other = managerOn({ ...store, traits: { ...store.traits, tags: 8 } }, environment)
    await expect(other.ready()).rejects.toMatchObject({ code: 'DEPLOYMENT_MISMATCH' })
  })
})

describe('a new secret', () => {
  it('behind the old one changes nothing; in front, the key is wrapped under it; then the old one may go', async () => {
    const { parts, value } = setUp()
    const { namingKey } = await openDeployment(parts(SECRETS[0]))
    const before = await value()
    await openDeployment(parts(SECRETS[0], SECRETS[1]))
    expect(await value()).toEqual(before)
    await openDeployment(parts(SECRETS[1], SECRETS[0]))
    expect(await value()).not.toEqual(before)
    const later = await openDeployment(parts(SECRETS[1]))
    expect(later.namingKey.equals(namingKey)).toBe(true)
    await expect(openDeployment(parts(SECRETS[0]))).rejects.toMatchObject({ code: 'DEPLOYMENT_MISMATCH' })
  })
})

describe('the roster key of a subject', () => {
  it('is the same every time, 12 bytes, and cannot be computed without the naming key', async () => {
    const one = await openDeployment(setUp().parts())
    const key = rosterKeyOf(one, 'default', 'ada')
    expect(key).toMatch(/^[A-Za-z0-9_-]{16}$/)
    expect(rosterKeyOf(one, 'default', 'ada')).toBe(key)
    const elsewhere = setUp()
    elsewhere.environment.randomBytes(1)
    expect(rosterKeyOf(await openDeployment(elsewhere.parts()), 'default', 'ada')).not.toBe(key)
  })

  it('depends on realm and subject, and on where one ends and the other begins', async () => {
    const one = await openDeployment(setUp().parts())
    const keys = [
      ['a', 'bc'],
      ['ab', 'c'],
      ['', 'abc'],
      ['abc', ''],
      ['a1:', 'c'],
      ['a', '1:c'],
      ['a', 'é'],
      ['a', 'e\u0301'],
    ].map(([realm = '', subject = '']) => rosterKeyOf(one, realm, subject))
    expect(new Set(keys).size).toBe(keys.length)
  })
})

describe('the global epoch', () => {
  it('grows to now, and by one where the clock says less', async () => {
    const { parts, environment } = setUp()
    const deployment = await openDeployment(parts())
    await environment.advance(5000)
    expect(await nextGlobalEpoch(parts(), deployment)).toBe(FAKE_START + 5000)
    await raiseGlobalEpoch(parts(), FAKE_START + 5000)
    environment.step(-86_400_000)
    expect(await nextGlobalEpoch(parts(), deployment)).toBe(FAKE_START + 5001)
  })

  it('is raised to the same however often and by however many, and never falls', async () => {
    const { parts } = setUp()
    const deployment = await openDeployment(parts())
    const target = FAKE_START + 9
    await Promise.all(Array.from({ length: 6 }, () => raiseGlobalEpoch(parts(), target)))
    expect(await raiseGlobalEpoch(parts(), target - 5)).toBe(target)
    expect(await readGlobalEpoch(parts(), deployment)).toBe(target)
  })

  it('is written again where it is that high already: the write before may not have been confirmed', async () => {
    const { parts, store } = setUp()
    await openDeployment(parts())
    await raiseGlobalEpoch(parts(), FAKE_START + 9)
    const before = await store.documents.get('deployment')
    await raiseGlobalEpoch(parts(), FAKE_START + 9)
    expect((await store.documents.get('deployment'))?.version).toBe((before?.version ?? 0) + 1)
  })

  it('of another deployment is none', async () => {
    const { parts } = setUp()
    const deployment = await openDeployment(parts())
    const other = setUp()
    await expect(readGlobalEpoch(other.parts(), deployment)).rejects.toMatchObject({
      code: 'DEPLOYMENT_MISMATCH',
    })
  })
})

function deadlinesOf(environment: Environment): Deadlines {
  const breaker = createBreaker({ environment, kind: 'reads', changed: () => undefined })
  return createDeadlines(environment, { ms: 2000, mostInFlight: 10, breaker })
}

describe('the watch', () => {
  function watching(): Setting & { watch: ReturnType<typeof createDeploymentWatch> } {
    const setting = setUp()
    const deadlines = deadlinesOf(setting.environment)
    return {
      ...setting,
      watch: createDeploymentWatch({ ...setting.parts(), reads: deadlines, writes: deadlines }),
    }
  }

  it('knows nothing before it was asked', () => {
    const { watch } = watching()
    expect(watch.current).toBeUndefined()
    expect(watch.isFresh()).toBe(false)
  })

  it('asks once for all who wait for the first answer', async () => {
    const { watch, store } = watching()
    await Promise.all([watch.ready(), watch.ready(), watch.ready()])
    expect(store.faults.calls['documents.put']).toBe(1)
  })

  it('is relied on for 5 s from sending the question', async () => {
    const { watch, environment, store } = watching()
    await watch.ready()
    store.faults.fail({ times: Number.POSITIVE_INFINITY })
    await environment.advance(STALE_AFTER_MS - 1)
    expect(watch.isFresh()).toBe(true)
    await environment.advance(1)
    expect(watch.isFresh()).toBe(false)
  })

  it('counts from before it was asked where the store cannot say more of its answer', async () => {
    const setting = setUp()
    const { environment, store } = setting
    const deadlines = deadlinesOf(environment)
    const confirmed = instant(environment)
    const documents = { ...store.documents, asOf: () => confirmed }
    await environment.advance(3_000)
    const watch = createDeploymentWatch({
      ...setting.parts(),
      documents,
      reads: deadlines,
      writes: deadlines,
    })
    await watch.ready()
    store.faults.fail({ times: Number.POSITIVE_INFINITY })
    await environment.advance(1_999)
    expect(watch.isFresh()).toBe(true)
    await environment.advance(1)
    expect(watch.isFresh()).toBe(false)
  })

  it('counts a slow answer from when it was asked for', async () => {
    const { watch, environment, store } = watching()
    await watch.ready()
    await environment.advance(10_000)
    store.faults.delay(1_500, { on: 'documents.get' })
    const renewal = watch.refresh()
    await environment.advance(1_500)
    await renewal
    store.faults.fail({ times: Number.POSITIVE_INFINITY })
    await environment.advance(STALE_AFTER_MS - 1_501)
    expect(watch.isFresh()).toBe(true)
    await environment.advance(1)
    expect(watch.isFresh()).toBe(false)
  })

  it('is renewed in the background at half its age by a busy process, and not at all by an idle one', async () => {
    const { watch, environment, store } = watching()
    await watch.ready()
    await environment.advance(STALE_AFTER_MS / 2)
    const before = store.faults.calls['documents.get']
    expect(watch.isFresh()).toBe(true)
    expect(store.faults.calls['documents.get']).toBe(before)
    await environment.advance(1)
    for (let check = 0; check < 20; check++) expect(watch.isFresh()).toBe(true)
    await environment.advance(1)
    expect(store.faults.calls['documents.get']).toBe(before + 1)
    await environment.advance(STALE_AFTER_MS - 10)
    expect(watch.isFresh()).toBe(true)
    await environment.advance(600_000)
    expect(store.faults.calls['documents.get']).toBeLessThanOrEqual(before + 2)
  })

  it('refuses for good what will not pass, and tries again what may', async () => {
    const { watch, store } = watching()
    store.faults.fail({ on: 'documents.get' })
    await expect(watch.ready()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    await expect(watch.ready()).resolves.toMatchObject({ globalEpoch: FAKE_START })

    const wrong = setUp()
    await openDeployment({ ...wrong.parts(), name: 'forum' })
    const deadlines = deadlinesOf(wrong.environment)
    const refused = createDeploymentWatch({ ...wrong.parts(), reads: deadlines, writes: deadlines })
    for (let tries = 0; tries < 3; tries++)
      await expect(refused.ready()).rejects.toMatchObject({ code: 'DEPLOYMENT_MISMATCH' })
    expect(wrong.store.faults.calls['documents.get']).toBe(3)
  })

  it('never lets the epoch fall, whatever an old backup says', async () => {
    const { watch, store, parts, value } = watching()
    await watch.ready()
    await watch.raise(FAKE_START + 50)
    await store.documents.put(
      'deployment',
      2,
      JSON.stringify({ ...(await value()), globalEpoch: FAKE_START }),
    )
    expect(await readGlobalEpoch(parts(), await watch.ready())).toBe(FAKE_START)
    expect((await watch.refresh()).globalEpoch).toBe(FAKE_START + 50)
  })
})
