/** Everything that is raced. Peers are listed here too, each with its own module that serves the routes of `system.ts`. */
import { singleServer } from './servers.ts'
import { ADAPTER_NAMES } from './sojourn/adapters.ts'
import type { StoreUnderTest } from './sojourn/store-under-test.ts'
import { BROKEN_STORES, STORES } from './sojourn/stores.ts'
import type { Offer, System } from './system.ts'

export const SYSTEMS: readonly System[] = STORES.flatMap((store) =>
  (store.adapters ?? ADAPTER_NAMES).map((adapter) => sojourn(adapter, store)),
)

/** Ours on stores that break the contract: what the harness must notice. */
export const BROKEN: readonly System[] = BROKEN_STORES.map((store) => sojourn('node', store))

/** None of these knows whose session it is. */
const OF_SESSION_STORES: readonly Offer[] = [
  'a device limit',
  'a user’s other sessions',
  'an end to sign-ins in flight',
  'a grace for the old token',
]

/** Others, all on the same Redis. */
export const PEERS: readonly System[] = [
  peer('express-session', {
    adapter: 'express',
    module: './peers/express-session.ts',
    notOffered: OF_SESSION_STORES,
  }),
  peer('express-session, resave', {
    adapter: 'express',
    module: './peers/express-session.ts',
    notOffered: OF_SESSION_STORES,
  }),
  peer('@fastify/session', {
    adapter: 'fastify',
    module: './peers/fastify-session.ts',
    notOffered: OF_SESSION_STORES,
  }),
  peer('better-auth', {
    adapter: 'node',
    module: './peers/better-auth.ts',
    notOffered: ['a device limit', 'an end to sign-ins in flight', 'a new token for a session'],
  }),
]

function sojourn(adapter: string, store: StoreUnderTest): System {
  return {
    ...store,
    system: 'sojourn',
    adapter,
    store: store.name,
    module: new URL('./sojourn/application.ts', import.meta.url).href,
  }
}

/** Where a store hangs, most of them hang: that need not take long to see. */
function peer(
  system: string,
  { adapter, module, notOffered }: Pick<System, 'adapter' | 'module' | 'notOffered'>,
): System {
  return {
    system,
    adapter,
    store: 'redis',
    processes: 2,
    servers: singleServer,
    touchesWithAnswer: true,
    module: new URL(module, import.meta.url).href,
    ...(notOffered === undefined ? {} : { notOffered }),
    longestRunMs: 10_000,
  }
}
