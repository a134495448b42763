/** The store contract over Memcached servers. `index.ts` shows the layout. */
import type { Environment } from '../../core/environment.ts'
import { SystemError } from '../../core/errors.ts'
import type { RosterKey } from '../../core/ids.ts'
import type { SessionStore, StoreTraits } from '../../core/store.ts'
import { prepareChange } from './changing.ts'
import { commitChange } from './committing.ts'
import { memcachedDocuments } from './documents.ts'
import { createKeys, type Keys } from './keys.ts'
import type { MemcachedSettings } from './options.ts'
import { createPlacing } from './placing.ts'
import { readRecord, readRoster } from './reading.ts'
import { openServer, type Server } from './wire/server.ts'

const TRAITS: StoreTraits = {
  name: 'memcached',
  writeClasses: ['fast'],
  shared: true,
  deviations: [
    {
      rule: 'STORE-38',
      because:
        'Memcached evicts what was used least when its memory is full, and a server that is restarted is empty. Those sessions end.',
    },
  ],
  invalidation: 'none',
}

export interface StoreParts {
  /** In the order of the settings. Closed with the store. */
  readonly servers: readonly Server[]
  readonly names: readonly string[]
  readonly keys: Keys
  /** The clock by which lives are counted. */
  readonly environment: Environment
}

/** Connects to all of them. */
export function serversOf({ servers, prefix, tls, environment }: MemcachedSettings): StoreParts {
  const keys = createKeys(prefix)
  const names = servers.map(({ name }) => name)
  const all = names.toSorted()
  return {
    names,
    keys,
    environment,
    servers: servers.map((server) =>
      openServer({
        server,
        tls,
        environment,
        identity: { key: keys.servers, text: JSON.stringify({ server: server.name, of: all }) },
      }),
    ),
  }
}

export function memcachedStoreOver({ servers, names, keys, environment }: StoreParts): SessionStore {
  const placing = createPlacing(names)
  let closed = false

  return {
    traits: TRAITS,
    documents: memcachedDocuments((name) => {
      assertOpen()
      const key = keys.document(name)
      return { key, server: serverOf(`document ${name}`) }
    }, allAnswer),
    async read(roster, number) {
      const found = await find(roster)
      return found && readRecord(roster, found.value, number)
    },
    async list(roster) {
      const found = await find(roster)
      return found && readRoster(roster, found.value)
    },
    async commit(roster, change) {
      assertOpen()
      const place = { server: serverOf(roster), key: keys.roster(roster), now: environment.now() }
      return commitChange(place, prepareChange(roster, change))
    },
    async ping() {
      assertOpen()
      await allAnswer()
    },
    async close() {
      closed = true
      for (const server of servers) server.close()
    },
  }

  async function allAnswer(): Promise<void> {
    await Promise.all(servers.map((server) => server.ping()))
  }

  function find(roster: RosterKey): ReturnType<Server['get']> {
    assertOpen()
    return serverOf(roster).get(keys.roster(roster))
  }

  function serverOf(name: string): Server {
    return servers[placing(name)] as Server
  }

  function assertOpen(): void {
    if (closed) throw new SystemError('CLOSED', 'The Memcached store has been closed.')
  }
}
