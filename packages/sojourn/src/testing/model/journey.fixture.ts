/**
 * One run of the sequential model: the library on one side, `Reference` on the other. Two processes share the
 * store; an observer that cannot write checks every token after every step without touching anything.
 */
import assert from 'node:assert/strict'
import { finished, managerOn, type TestManager, type TestSession } from '../../core/manager.fixture.ts'
import type { Attempt } from '../../core/beginning/sign-in.ts'
import { SystemError } from '../../core/errors.ts'
import type { SessionStore } from '../../core/store.ts'
import { fakeEnvironment, type FakeEnvironment } from '../fake-environment.ts'
import { CARRIED, type Issued, type Policy, Reference, type Stay } from './reference.fixture.ts'

export type OpenStore = (environment: FakeEnvironment) => SessionStore | Promise<SessionStore>

/** A session as some request in flight holds it. */
export interface Hand {
  readonly session: TestSession
  readonly stay: Stay
  readonly generation: number
  readonly privilege: number
}

export interface Begun {
  readonly attempt: Attempt
  readonly revocations: number
  readonly everything: number
  readonly startedAt: number
  /** A roster that nobody is in may be forgotten meanwhile; then the sign-in has to be repeated. */
  readonly maybeForgotten: boolean
}

export interface Journey {
  readonly environment: FakeEnvironment
  readonly store: SessionStore
  readonly processes: TestManager[]
  readonly observer: TestManager
  readonly hands: Hand[]
  readonly attempts: Begun[]
  readonly restart: (index: number) => Promise<void>
}

export async function journey(
  open: OpenStore,
  devices: { readonly limit: number; readonly policy: Policy },
): Promise<Journey> {
  const environment = fakeEnvironment()
  const store = await open(environment)
  const start = (on: SessionStore): TestManager =>
    managerOn(on, environment, {
      devices,
      lifetime: { idle: '10m', absolute: '2h' },
      remember: { idle: '1d', absolute: '3d' },
      anonymous: { idle: '1h', absolute: '6h', carry: [CARRIED] },
      data: { dictionary: [CARRIED, 'count'] },
    })
  const process = (): TestManager => patient(start(store), environment)
  const processes = [process(), process()]
  const observer = start(readOnly(store))
  for (const manager of [...processes, observer]) await manager.ready()
  return {
    environment,
    store,
    processes,
    observer,
    hands: [],
    attempts: [],
    async restart(index) {
      await processes[index]?.close()
      processes[index] = process()
    },
  }
}

/** Lets time pass where a call needs some, because a roster whose time is over went while it was being changed. */
function patient(manager: TestManager, environment: FakeEnvironment): TestManager {
  const calls = Object.entries(manager).map(([name, method]) => {
    const call = (...values: unknown[]): unknown => {
      const answer = (method as (...values: unknown[]) => unknown)(...values)
      return answer instanceof Promise ? finished(environment, answer) : answer
    }
    return [name, call] as const
  })
  return Object.fromEntries(calls) as unknown as TestManager
}

function readOnly(store: SessionStore): SessionStore {
  const { peek: _, ...rest } = store as SessionStore & { peek?: unknown }
  return {
    ...rest,
    commit: () => Promise.reject(new SystemError('STORE_READ_ONLY', 'Observers write nothing.')),
  }
}

/** A few milliseconds, in which touches and the end of a grace are written. */
export async function settle(model: Reference, real: Journey): Promise<void> {
  await real.environment.advance(5)
  model.now = real.environment.now()
}

/** Checks a token the way a request does, and compares. */
export async function use(
  model: Reference,
  real: Journey,
  by: { readonly manager: TestManager; readonly issued: Issued },
): Promise<Hand | undefined> {
  const { manager, issued } = by
  const expected = model.verdict(issued)
  const verdict = await manager.verify(issued.token, 'bearer')
  assert.equal(verdict.kind, expected === 'none' ? 'none' : 'valid', `a token that is ${expected}`)
  if (verdict.kind !== 'valid') return undefined
  const { stay } = issued
  assert.equal(verdict.renewed, expected === 'previous' ? model.tokenOf(stay) : undefined)
  model.use(issued)
  await settle(model, real)
  const hand = { session: verdict.session, stay, generation: stay.generation, privilege: stay.privilege }
  real.hands.push(hand)
  if (real.hands.length > 8) real.hands.shift()
  return hand
}

/** Every token that was ever issued, every device list, all data. */
export async function compare(model: Reference, real: Journey): Promise<void> {
  for (const issued of model.issued) await compareToken(model, real, issued)
  for (const subject of new Set(model.stays.map((stay) => stay.subject))) {
    if (subject === undefined) continue
    const live = model.liveOf(subject)
    assert.ok(live.length <= model.limit.count, 'the model itself keeps to the limit')
    const devices = await real.observer.list(subject)
    assert.deepEqual(
      devices.map(({ id }) => id).toSorted(),
      live.map(({ id }) => id).toSorted(),
      'device list',
    )
    assert.deepEqual(
      devices.map(({ seenAt }) => seenAt),
      live.map(({ seenAt }) => seenAt).toSorted((a, b) => b - a),
      'last seen',
    )
  }
}

async function compareToken(model: Reference, real: Journey, issued: Issued): Promise<void> {
  const { stay, token } = issued
  const expected = model.verdict(issued)
  const verdict = await real.observer.verify(token, 'bearer')
  assert.equal(
    verdict.kind,
    expected === 'none' ? 'none' : 'valid',
    `${stay.id}: a token that is ${expected}`,
  )
  if (verdict.kind !== 'valid') return
  const { session } = verdict
  assert.deepEqual({ ...session.data }, stay.data, 'data')
  assert.deepEqual(
    { id: session.id, subject: session.subject, aal: session.aal, seenAt: session.seenAt },
    { id: stay.id, subject: stay.subject, aal: stay.aal, seenAt: stay.seenAt },
  )
  assert.equal(session.authenticatedAt, stay.subject === undefined ? 0 : stay.since)
  if (stay.subject !== undefined)
    assert.deepEqual({ ...session.attributes }, model.attributes.get(stay.subject)?.value ?? {}, 'attributes')
}
