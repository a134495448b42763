/** One server. A name that leads to the primary is resolved anew at every connection. */
import type { Environment } from '../../../core/environment.ts'
import type { RedisPort } from '../port.ts'
import { type Connection, type Dial, open } from './dial.ts'
import { interests } from './interests.ts'
import { primaryOver } from './primary.ts'
import type { Place } from './url.ts'

export interface SingleTarget {
  readonly environment: Environment
  readonly dial: Dial
  /** Absent for a client of the application, which knows. */
  readonly place?: Place | undefined
}

export function singlePort({ environment, dial, place }: SingleTarget): RedisPort {
  const connections = (): readonly Connection[] =>
    primary.connection === undefined ? [] : [primary.connection]
  const interested = interests(environment, connections)
  const primary = primaryOver({
    environment,
    interests: interested,
    open: async (use) => {
      const connection = dial(place, use)
      await open(connection, environment)
      return connection
    },
  })
  return {
    traits: { driver: 'node-redis', topology: 'single', invalidation: 'push' },
    command: (args, { readonly }) => (readonly ? primary.read(args) : primary.write(args)),
    writeAndWait: primary.writeAndWait,
    subscribe: interested.subscribe,
    watchRouting: interested.watchRouting,
    close: primary.close,
  }
}
