/**
 * connect-redis as its documentation says, on a client as it comes, with the harness in between. Both session
 * middlewares take stores of this kind: `get`, `set`, `destroy` and `touch`, each with a callback at the end.
 *
 * @see https://github.com/tj/connect-redis#readme
 */
import { RedisStore } from 'connect-redis'
import { createClient } from 'redis'
import type { Running, Start } from '../system.ts'
import { type Watching, watching } from './watching.ts'

type Method = (...args: readonly unknown[]) => unknown
type Callback = (error?: unknown, answer?: unknown) => void

const METHODS = { get: 'read', set: 'commit', destroy: 'commit', touch: 'commit' } as const

export async function watchedRedisStore({
  place,
  pass,
}: Pick<Start, 'place' | 'pass'>): Promise<{ readonly redis: RedisStore; readonly store: Running['store'] }> {
  const client = createClient({ url: place.urls[0] ?? '' })
  client.on('error', () => undefined)
  await client.connect()
  const { through, store } = watching({ pass }, () => client.ping())
  const redis = new RedisStore({ client })
  for (const [name, kind] of Object.entries(METHODS))
    Reflect.set(redis, name, watched((Reflect.get(redis, name) as Method).bind(redis), { through, kind }))
  return { redis, store }
}

function watched(
  method: Method,
  { through, kind }: Pick<Watching, 'through'> & { readonly kind: 'read' | 'commit' },
): Method {
  return (...args) => {
    const tell = args.at(-1) as Callback
    const call = (): Promise<unknown> =>
      new Promise((resolve, reject) => {
        const done: Callback = (error, answer) => (error ? reject(error) : resolve(answer))
        method(...args.slice(0, -1), done)
      })
    // What the callback throws is the middleware's own.
    void through(kind, call).then(
      (answer) => setImmediate(tell, undefined, answer),
      (error: unknown) => setImmediate(tell, error),
    )
  }
}
