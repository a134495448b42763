/** Everything that is raced. Peers are listed here too, each with its own module that serves the routes of `system.ts`. */
import { ADAPTERS } from './sojourn/adapters.ts'
import { liveSessions, type StoreUnderTest } from './sojourn/store-under-test.ts'
import { STORES, storeNamed } from './sojourn/stores.ts'
import type { Place, Reader, System } from './system.ts'

export const SYSTEMS: readonly System[] = STORES.flatMap((store) =>
  ADAPTERS.map((adapter) => sojourn(adapter.name, store)),
)

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
