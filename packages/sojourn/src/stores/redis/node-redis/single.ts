/** One server. A name that leads to the primary is resolved anew at every connection. */
import type { Environment } from '../../../core/environment.ts'
import type { Place } from '../address.ts'
import type { RedisPort } from '../port.ts'
import { type Dial, open } from './dial.ts'
import { onePrimary } from './one-primary.ts'

export interface SingleTarget {
  readonly environment: Environment
  readonly dial: Dial
  /** Absent for a client of the application, which knows. */
  readonly place?: Place | undefined
}

export function singlePort({ environment, dial, place }: SingleTarget): RedisPort {
  const { port } = onePrimary({
    environment,
    topology: 'single',
    open: async (use) => {
      const connection = dial(place, use)
      await open(connection, environment)
      return connection
    },
  })
  return port
}
