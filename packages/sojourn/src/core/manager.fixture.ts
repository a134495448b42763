/** A manager in a world that the test owns: fake time, a memory store that fails on command, events kept. */
import { fakeEnvironment, type FakeEnvironment } from '../testing/fake-environment.ts'
import { flakyStore, type FlakyStore } from '../testing/flaky-store.ts'
import { memoryStore } from '../stores/memory/index.ts'
import { turn } from '../environment/turn.ts'
import type { EventName, SessionEvents } from './events.ts'
import { createManager, type Internals, type SessionManager } from './manager.ts'
import { type ManagerOptions, readOptions } from './policy/options.ts'
import type { Session } from './session.ts'
import type { SignInOptions } from './beginning/sign-in.ts'
import type { SessionStore } from './store.ts'
import type { Verdict } from './verdict/verify.ts'

/** Random, and used nowhere else. */
export const SECRETS: readonly [string, string, string] = [
  'q3VZ0bqPp7uYwKxk1dSm9TgJcR4hNnE2aLf8XoWi6UyB5vMt',
  'Zr8Kd2LxT0pVbQ6mYc4HsGw9NfJ1uEaRi7oXk3BnS5tWqDvM',
  'h7Fj9DkQw2RsLxZc5VbN8mTg1YpUe4oAi6XqK3tWrBnJvC0d',
]

export type Data = Record<string, unknown>
export type Shared = Record<string, unknown>
export type TestOptions = Partial<ManagerOptions<Data>>
export type TestManager = SessionManager<Data, Shared> & Internals<Data, Shared>
export type TestSession = Session<Data, Shared>

export interface World {
  readonly environment: FakeEnvironment
  readonly store: FlakyStore
  readonly manager: TestManager
  /** Everything the first manager told, oldest first. */
  readonly told: readonly { readonly name: EventName; readonly event: SessionEvents[EventName] }[]
  /** Another process on the same store. */
  readonly another: (options?: TestOptions) => TestManager
}

export function world(
  options: TestOptions & { readonly peek?: boolean; readonly inner?: SessionStore } = {},
): World {
  const { peek = false, inner, ...rest } = options
  const environment = fakeEnvironment()
  const store = flakyStore(inner ?? memoryStore({ environment }), { environment, peek })
  const another = (more: TestOptions = {}): TestManager => managerOn(store, environment, { ...rest, ...more })
  const manager = another()
  const told: { name: EventName; event: SessionEvents[EventName] }[] = []
  for (const name of EVENTS) manager.on(name, (event) => void told.push({ name, event }))
  return { environment, store, manager, told, another }
}

export function managerOn(
  store: SessionStore,
  environment: FakeEnvironment,
  options: TestOptions = {},
): TestManager {
  const settings = readOptions<Data>({ deployment: 'test', secrets: SECRETS[0], store, ...options })
  const { manager, internals } = createManager<Data, Shared>(settings, {
    store: options.store ?? store,
    environment,
  })
  return { ...manager, ...internals }
}

const EVENTS: readonly EventName[] = [
  'session.created',
  'session.ended',
  'session.elevated',
  'session.regenerated',
  'session.used-after-end',
  'device-limit.reached',
  'subject.revoked',
  'deployment.revoked',
  'token.rejected',
  'record.unreadable',
  'store.unavailable',
  'revoke.uncertain',
  'revoke.completed',
  'store.breaker-opened',
  'store.breaker-closed',
]

export interface SignedIn {
  readonly session: TestSession
  readonly token: string
}

/** A sign-in that is expected to succeed. */
export async function signedIn(
  manager: TestManager,
  subject = 'ada',
  options: SignInOptions<Data, Shared> = {},
): Promise<SignedIn> {
  const result = await manager.signIn(subject, options)
  if (result.kind === 'signed-in') return result
  throw new Error(`The sign-in was refused: ${result.reason}`)
}

/** The session of a token that is expected to be good. */
export async function sessionOf(manager: TestManager, token: string): Promise<TestSession> {
  const verdict = await manager.verify(token, 'bearer')
  if (verdict.kind === 'valid') return verdict.session
  throw new Error(`The token is not good: ${said(verdict)}`)
}

/** `valid`, or why not: `none superseded`, `unavailable STORE_UNAVAILABLE`. */
export async function verdictOf(manager: TestManager, token: string, transport = 'bearer'): Promise<string> {
  return said(await manager.verify(token, transport))
}

function said(verdict: Verdict<Data, Shared>): string {
  if (verdict.kind === 'none') return `none ${verdict.reason}`
  return verdict.kind === 'valid' ? 'valid' : `unavailable ${verdict.code}`
}

/** Lets time pass, a millisecond at a step, until `work` has settled; none passes when it needs none. */
export async function finished<T>(environment: FakeEnvironment, work: Promise<T>): Promise<T> {
  const progress = { settled: false }
  const settle = (): void => void (progress.settled = true)
  work.then(settle, settle)
  for (let step = 0; !progress.settled; step++) {
    await (step === 0 ? turn() : environment.advance(step < 200 ? 1 : 50))
    if (step > 5_000) throw new Error('This never ends.')
  }
  return await work
}
