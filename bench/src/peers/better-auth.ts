/**
 * better-auth with its secondary storage in Redis and no cookie cache, as its documentation says; `getSession` for each
 * request. Its sessions hold a user and nothing else. The password is not hashed: signing in is not what is measured.
 */
import { betterAuth } from 'better-auth'
import { memoryAdapter } from 'better-auth/adapters/memory'
import { createClient } from 'redis'
import { USER_AGENT, userNames } from '../content.ts'
import { bodyFor, getRequest, type Target, type TargetOptions } from '../target.ts'

const USERS = 1_000
const URL = 'http://localhost'
const PASSWORD = 'not hashed here'

export async function start({ redis }: TargetOptions): Promise<Target> {
  const client = createClient({ url: redis })
  client.on('error', (error: unknown) => process.stderr.write(`${String(error)}\n`))
  await client.connect()
  const auth = betterAuth({
    baseURL: URL,
    secret: 'Nd3mTq8yWv1sKx6bRj0pLc5uHf9zGa2eXo7i',
    database: memoryAdapter({ user: [], session: [], account: [], verification: [] }),
    secondaryStorage: {
      get: (key) => client.get(`better-auth:${key}`),
      async set(key, value, ttl) {
        await client.set(`better-auth:${key}`, value, ttl === undefined ? {} : { EX: ttl })
      },
      async delete(key) {
        await client.del(`better-auth:${key}`)
      },
      getAndDelete: (key) => client.getDel(`better-auth:${key}`),
      async increment(key, ttl) {
        const count = await client.incr(`better-auth:${key}`)
        if (count === 1) await client.expire(`better-auth:${key}`, ttl)
        return count
      },
    },
    emailAndPassword: {
      enabled: true,
      password: {
        hash: async (password) => password,
        verify: async ({ hash, password }) => hash === password,
      },
    },
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
  })

  async function cookieOf(name: string): Promise<string> {
    const { headers } = await auth.api.signUpEmail({
      body: { name, email: `${name}@example.org`, password: PASSWORD },
      headers: new Headers({ 'user-agent': USER_AGENT }),
      returnHeaders: true,
    })
    return headers
      .getSetCookie()
      .map((cookie) => cookie.slice(0, cookie.indexOf(';')))
      .join('; ')
  }

  const requests: string[] = []
  for (const name of userNames(USERS)) requests.push(getRequest('/', await cookieOf(name)))
  return {
    requests,
    async listener(request, response) {
      const headers = new Headers({ cookie: request.headers.cookie ?? '' })
      const session = await auth.api.getSession({ headers })
      if (session === null) response.statusCode = 401
      response.setHeader('content-type', 'application/json')
      response.end(bodyFor(session?.user.name ?? ''))
    },
  }
}
