/** The application of `system.ts` with Sojourn: an adapter, a store, and between them what the harness holds on to. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createSessions } from 'sojourn'
import { tieredStore } from 'sojourn/stores/tiered'
import { flakyStore } from 'sojourn/testing'
import type { Running, Start } from '../system.ts'
import { listenerFor } from './adapters.ts'
import { movableEnvironment } from './movable-environment.ts'
import { routes, type Data } from './routes.ts'
import { storeNamed } from './stores.ts'
import { countedStore, observedStore } from './watched-store.ts'

const SECRET = 'Nd3mTq8yWv1sKx6bRj0pLc5uHf9zGa2eXo7i'

export async function start({ place, options, pass }: Start): Promise<Running> {
  const environment = movableEnvironment()
  const { open, leaseMs } = storeNamed(place.store)
  const opened = await open(place, environment)
  const observed = observedStore(opened)
  const flaky = flakyStore(observed, { peek: options.faults !== true })
  const store = countedStore(flaky)
  // What a store can do besides, it can do with the harness in front: tell of changes, know what is confirmed.
  const hot = { ...opened, ...store }
  const sessions = createSessions<Data>({
    deployment: 'races',
    secrets: SECRET,
    store: leaseMs === undefined ? hot : tieredStore({ hot, environment }),
    environment,
    devices: options.devices ?? {},
  })
  await sessions.ready()
  const listener = await listenerFor(place.adapter, sessions, routes(sessions, pass))
  const server = createServer(listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    store: {
      async holdStore({ gate, at, skip }) {
        const held = flaky.faults.hold({ on: 'commit', at, skip })
        void held
          .arrived()
          .then(() => pass(gate))
          .then(() => held.release())
        return undefined
      },
      async breakStore({ how, on }) {
        flaky.faults[how]({ times: Number.POSITIVE_INFINITY, ...(on === undefined ? {} : { on }) })
        return undefined
      },
      async heal() {
        flaky.faults.heal()
        store.abandon()
        return undefined
      },
      async quiet() {
        await store.quiet()
        return undefined
      },
      async advance({ ms }) {
        environment.advance(ms)
        return undefined
      },
      async storeCalls({ about }) {
        return store.callsAbout(about === 'documents' ? about : about.sessionId.slice(0, 16))
      },
      async watch({ sessionId }) {
        observed.watch(sessionId)
        return undefined
      },
      async peak() {
        return observed.peak
      },
    },
  }
}
