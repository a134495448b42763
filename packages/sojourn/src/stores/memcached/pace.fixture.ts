/** The connections of a store, counted, so that a fake clock stands still while answers are on their way. */
import { turn } from '../../environment/turn.ts'
import type { FakeEnvironment } from '../../testing/fake-environment.ts'
import { pace } from '../redis/pace.fixture.ts'
import type { Server } from './wire/server.ts'

/** Put around each connection of a store that has this clock. */
export function pacedBy(environment: FakeEnvironment): (server: Server) => Server {
  let underWay = 0
  const count = async <T>(call: Promise<T>): Promise<T> => {
    underWay++
    try {
      return await call
    } finally {
      underWay--
    }
  }
  pace(environment, async () => {
    for (let still = 0; still < 3; still = underWay === 0 ? still + 1 : 0) await turn()
  })
  return (server) => ({
    ...server,
    largestValue: () => count(server.largestValue()),
    get: (key) => count(server.get(key)),
    add: (key, item) => count(server.add(key, item)),
    replace: (found, item) => count(server.replace(found, item)),
    remove: (found) => count(server.remove(found)),
  })
}
