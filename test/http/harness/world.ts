/**
 * One server with the application under test: an adapter, a store that fails on command, a clock with hands, and
 * everything that was told sideways. Closed after the test, which fails if anything escaped.
 */
import type { RequestListener } from 'node:http'
import { createSessions, type Environment, type EventName, type SessionsOptions } from 'sojourn'
import { type FakeEnvironment, fakeEnvironment, flakyStore, type FlakyStore } from 'sojourn/testing'
import { afterEach, onTestFinished } from 'vitest'
import {
  type Adapter,
  ADAPTERS,
  type AppAttributes,
  type AppData,
  type AppSessions,
  type ServeOptions,
} from './adapters.ts'
import { application, type Routes } from './application.ts'
import { type Browser, createBrowser } from './browser.ts'
import { listen, type Listening, type ListenOptions } from './listening.ts'
import { type CookiePolicy, linter } from './set-cookie.ts'
import { type StoreKind, STORES } from './stores.ts'
import { openWire, type Wire } from './wire.ts'

/** Random enough for the library, and recognisable. */
export const SECRET = 'c4n4ryS3cr3t-9fJ2mXq7LwV0bTzKdRy5HgPe8UaN1oIs'
export const OTHER_SECRET = 'z7Qk2WvLr9-XnB4tYcG1sMfJ0pDhE6uA3oRiKlVq5TbZ'

export const EVENTS: readonly EventName[] = [
  'session.created',
  'session.ended',
  'session.elevated',
  'session.regenerated',
  'session.used-after-end',
  'device-limit.reached',
  'subject.revoked',
  'deployment.revoked',
  'token.rejected',
  'csrf.rejected',
  'record.unreadable',
  'store.unavailable',
  'revoke.uncertain',
  'revoke.completed',
]

export interface WorldOptions extends ListenOptions {
  readonly adapter?: Adapter
  readonly store?: StoreKind
  readonly options?: Partial<SessionsOptions<AppData>>
  readonly routes?: Routes
  readonly serve?: Partial<ServeOptions>
  readonly policy?: CookiePolicy
  /** Lets reads answer synchronously, past all faults, as they do in production. Default true. */
  readonly peek?: boolean
  /** Instead of the application: what listens to requests. */
  readonly listener?: (
    sessions: AppSessions,
    onError: (error: unknown) => void,
    parts: { readonly store: FlakyStore; readonly environment: FakeEnvironment },
  ) => RequestListener | Promise<RequestListener>
}

export interface World extends Pick<Listening, 'server' | 'port'> {
  readonly environment: FakeEnvironment
  readonly store: FlakyStore
  readonly sessions: AppSessions
  /** The store's file, where there is one. */
  readonly path: string | undefined
  readonly events: readonly { readonly name: EventName; readonly event: unknown }[]
  /** What handlers threw and the adapter passed on. */
  readonly errors: readonly unknown[]
  readonly browser: (jar?: ReadonlyMap<string, string>) => Browser
  readonly wire: () => Promise<Wire>
  /** All data calls to the store until now. */
  readonly storeCalls: () => number
}

let worlds = 0

/** Every adapter with every store, for `describe.each`. */
export const MATRIX: readonly {
  readonly name: string
  readonly adapter: Adapter
  readonly store: StoreKind
}[] = ADAPTERS.flatMap((adapter) =>
  STORES.map((store) => ({ name: `${adapter.name} over ${store.name}`, adapter, store })),
)

const strays: unknown[] = []
process.on('unhandledRejection', (reason) => strays.push(reason))

afterEach(() => {
  const escaped = strays.splice(0)
  if (escaped.length > 0) throw new AggregateError(escaped, 'A promise was rejected and nobody was told.')
})

export async function startWorld(given: WorldOptions = {}): Promise<World> {
  const { adapter = ADAPTERS[0], store: kind = STORES[0], peek = true, tls = false } = given
  const environment = fakeEnvironment({ seed: ++worlds })
  const opened = kind.open(environment)
  const store = flakyStore(opened.store, { environment, peek })
  const sessions = newSessions(store, environment, given.options)
  const events: { name: EventName; event: unknown }[] = []
  for (const name of EVENTS) sessions.on(name, (event) => events.push({ name, event }))
  await sessions.ready()
  const errors: unknown[] = []
  const onError = (error: unknown): void => void errors.push(error)
  const listener = await (given.listener?.(sessions, onError, { store, environment }) ??
    adapter.listener(sessions, application(given.routes), { onError, ...given.serve }))
  const { server, port, close } = await listen(listener, given)
  onTestFinished(async () => {
    close()
    store.faults.heal()
    await sessions.close()
    await opened.close()
  })
  const { calls } = store.faults
  const client = { port, tls, ...(given.policy && { policy: given.policy }) }
  return {
    environment,
    store,
    sessions,
    server,
    port,
    path: opened.path,
    events,
    errors,
    browser: (jar) => createBrowser({ ...client, ...(jar && { jar }) }),
    wire: () => openWire(port, { tls, lint: linter(given.policy) }),
    storeCalls: () => calls.read + calls.list + calls.commit,
  }
}

export function newSessions(
  store: SessionsOptions<AppData>['store'],
  environment: Environment,
  options: Partial<SessionsOptions<AppData>> = {},
): AppSessions {
  return createSessions<AppData, AppAttributes>({
    deployment: 'test',
    secrets: SECRET,
    anonymous: { carry: ['cart'] },
    ...options,
    environment,
    store,
  })
}
