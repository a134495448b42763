/** The session store that its documentation and express-session's name for Redis, through the client that it asks for. */
import { RedisStore } from 'connect-redis'
import { createClient } from 'redis'

/** Sessions of one peer are under its own prefix. */
export async function connectRedis(url: string, prefix: string): Promise<RedisStore> {
  const client = createClient({ url })
  client.on('error', (error: unknown) => process.stderr.write(`${String(error)}\n`))
  await client.connect()
  return new RedisStore({ client, prefix: `${prefix}:` })
}
