/**
 * One server with the application under test: an adapter, a store that fails on command, a clock with hands, and
 * everything that was told sideways. Closed after the test, which fails if anything escaped.
 */
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
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
import type { CookiePolicy } from './set-cookie.ts'
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

export interface WorldOptions {
  readonly adapter?: Adapter
  readonly store?: StoreKind
  readonly options?: Partial<SessionsOptions<AppData>>
  readonly routes?: Routes
  readonly serve?: Partial<ServeOptions>
  readonly policy?: CookiePolicy
  /** Lets reads answer synchronously, past all faults, as they do in production. Default true. */
  readonly peek?: boolean
  readonly tls?: boolean
  /** Instead of the application: what listens to requests. */
  readonly listener?: (
    sessions: AppSessions,
    onError: (error: unknown) => void,
    parts: { readonly store: FlakyStore; readonly environment: FakeEnvironment },
  ) => RequestListener | Promise<RequestListener>
  /** Most bytes that a request's head may have; default node's. */
  readonly maxHeaderSize?: number
}

export interface World {
  readonly environment: FakeEnvironment
  readonly store: FlakyStore
  readonly sessions: AppSessions
  readonly port: number
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
  const { server, port } = await listen(listener, { tls, maxHeaderSize: given.maxHeaderSize })
  onTestFinished(async () => {
    server.closeAllConnections()
    server.close()
    store.faults.heal()
    await sessions.close()
    await opened.close()
  })
  const { calls } = store.faults
  return {
    environment,
    store,
    sessions,
    port,
    path: opened.path,
    events,
    errors,
    browser: (jar) =>
      createBrowser({ port, tls, ...(given.policy && { policy: given.policy }), ...(jar && { jar }) }),
    wire: () => openWire(port, { tls }),
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

/** A server on a free port of this machine. The caller closes it. */
export async function listen(
  listener: RequestListener,
  {
    tls = false,
    maxHeaderSize,
  }: { readonly tls?: boolean; readonly maxHeaderSize?: number | undefined } = {},
): Promise<{ server: Server; port: number }> {
  const pem = tls ? readFileSync(new URL('./localhost.pem', import.meta.url)) : undefined
  const limits = maxHeaderSize === undefined ? {} : { maxHeaderSize }
  const server =
    pem === undefined
      ? createServer(limits, listener)
      : createTlsServer({ ...limits, cert: pem, key: pem }, listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { server, port: (server.address() as AddressInfo).port }
}
