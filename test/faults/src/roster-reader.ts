/** Counts the records of a roster in Redis, again and again, without a line of the library: every field but the header. */
import type { RedisServer } from '../../programs/index.ts'
import type { Held } from './application.ts'

/** The answer ends it, and says the most that there were at once. */
export function mostRecords(
  server: RedisServer,
  held: Held | undefined,
): { readonly stop: () => Promise<number> } {
  const stopping = new AbortController()
  const reading = read()
  return {
    async stop() {
      stopping.abort()
      return await reading
    },
  }

  async function read(): Promise<number> {
    const key = await server.cli('KEYS', `*:${held?.session.slice(0, 16)}`)
    let most = 0
    do most = Math.max(most, Number(await server.cli('HLEN', key)) - 1)
    while (!stopping.signal.aborted)
    return most
  }
}
