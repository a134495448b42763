/** Counts what a roster's hash holds, in one command and without a line of the library: every field but the header. */
import { createClient } from '@redis/client'
import type { Place, Reader } from '../../system.ts'

const HEADER = 'h'

export function redisReader({ urls }: Pick<Place, 'urls'>): Reader {
  // A connection that is lost fails the command, and whoever asked.
  const clients = urls.map((url) => createClient({ url, RESP: 2 }).on('error', () => undefined))
  const connected = Promise.all(clients.map((client) => client.connect()))
  let fieldsOf: (() => Promise<object>) | undefined

  /** A roster stays where it is. */
  async function find(sessionId: string): Promise<typeof fieldsOf> {
    await connected
    for (const client of clients) {
      const [key] = await client.keys(`*:${sessionId.slice(0, 16)}`)
      if (key !== undefined) return () => client.hGetAll(key)
    }
    return undefined
  }

  return {
    async count(sessionId) {
      fieldsOf ??= await find(sessionId)
      const fields = (await fieldsOf?.()) ?? {}
      return Object.keys(fields).filter((field) => field !== HEADER).length
    },
    async close() {
      await connected
      for (const client of clients) client.destroy()
    },
  }
}
