/** Everything that is raced. Peers are listed here too, each with its own module that serves the routes of `system.ts`. */
import { ADAPTER_NAMES } from './sojourn/adapters.ts'
import { liveSessions, type StoreUnderTest } from './sojourn/store-under-test.ts'
import { STORES, storeNamed } from './sojourn/stores.ts'
import type { Place, Reader, System } from './system.ts'

export const SYSTEMS: readonly System[] = STORES.flatMap((store) =>
  ADAPTER_NAMES.map((adapter) => sojourn(adapter, store)),
)

/** Others, on the stores that they bring. */
export const PEERS: readonly System[] = [
  peer('express-session', 'express', './peers/express-session.ts'),
  peer('@fastify/session', 'fastify', './peers/fastify-session.ts'),
]

/** Ours on a store that breaks the contract: what the harness must notice. */
export const BROKEN: System = sojourn('node', storeNamed('broken'))

function sojourn(adapter: string, store: StoreUnderTest): System {
  const reader = store.reader
  return {
    system: 'sojourn',
    adapter,
    store: store.name,
    processes: store.processes,
    module: new URL('./sojourn/application.ts', import.meta.url).href,
    ...(reader === undefined
      ? {}
      : {
          reader({ directory }: Place): Reader {
            const opened = reader(directory)
            return {
              count: (sessionId: string) => liveSessions(opened, sessionId),
              close: () => opened.close(),
            }
          },
        }),
  }
}

/** None of them knows whose session it is. Where a store hangs, they hang: that need not take long to see. */
function peer(system: string, adapter: string, module: string): System {
  return {
    system,
    adapter,
    store: 'memory',
    processes: 1,
    module: new URL(module, import.meta.url).href,
    notOffered: ['a device limit', 'a user’s other sessions', 'a grace for the old token'],
    longestRunMs: 2_000,
  }
}
