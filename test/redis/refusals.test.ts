/**
 * A server that is there and refuses: its disk fails, it was demoted, it has another password, it loads its data. It is a
 * 503 with the cookie untouched, and well again without a restart of the application when the server is.
 */
import { describe, expect, test } from 'vitest'
import { changePassword, demote, forbid, reload } from './harness/breaking.ts'
import { byStatus, crowd, eventually, expectAllSignedIn, expectHonest, startLoad } from './harness/crowd.ts'
import { figure } from './harness/figures.ts'
import { DRIVERS } from './harness/options.ts'
import { startApp } from './harness/processes.ts'
import { redis } from './harness/servers.ts'
import { breakDisk, type Mend, type RedisOptions, type RedisServer } from '../programs/index.ts'

interface Refusal {
  readonly name: string
  readonly start: (server: RedisServer) => Promise<Mend>
  readonly server?: RedisOptions
  /** What checks are told meanwhile. */
  readonly code: string
}

const REFUSALS: readonly Refusal[] = [
  { name: 'a demoted primary (READONLY)', start: demote, code: 'STORE_UNCONFIRMED' },
  { name: 'permissions taken away (NOPERM)', start: forbid, code: 'STORE_DENIED' },
  { name: 'another password (NOAUTH)', start: changePassword, code: 'STORE_DENIED' },
  {
    name: 'loading its data (LOADING)',
    start: reload,
    server: {
      appendonly: true,
      config: ['key-load-delay 400', 'loading-process-events-interval-bytes 1024'],
    },
    code: 'STORE_UNAVAILABLE',
  },
]

describe.each(DRIVERS)('%s', (driver) => {
  test.each(REFUSALS)(
    '$name: 503 with the cookie untouched, and well again by itself',
    async ({ name, start, server: options, code }) => {
      const server = await redis({ users: ['default on nopass ~* &* +@all'], ...options })
      const app = await startApp({ driver, redis: server.place, store: { fence: '1s' } })
      const clients = await crowd(10, app)
      const load = startLoad(clients, 50)
      const mend = await start(server)
      const codes = async (): Promise<readonly unknown[]> =>
        (await app.says()).events.flatMap(({ name: event, event: { code: told } }) =>
          event === 'store.unavailable' ? [told] : [],
        )
      await eventually(async () => (await codes()).includes(code))
      await mend()
      const mendedAt = performance.now()
      await expectAllSignedIn(clients)
      const recoveryMs = Math.round(performance.now() - mendedAt)
      const seen = await load.stop()
      expectHonest(seen)
      expect(seen.filter(({ status }) => status === 503)).not.toEqual([])
      figure(`${name}, ${driver}`, { ...byStatus(seen), recoveryMs, codes: [...new Set(await codes())] })
    },
  )

  test('a disk that fails (MISCONF): checks go on, a revocation is uncertain, refused here at once, and completes by itself', async () => {
    const server = await redis({ config: ['enable-protected-configs yes'] })
    const options = { driver, redis: server.place, store: { fence: '1s' } } as const
    const [app, elsewhere] = await Promise.all([startApp(options), startApp(options)])
    const [revoked, leaving, ...staying] = await crowd(6, app)
    const mend = await breakDisk(server)
    const load = startLoad(staying, 50)

    const answer = await staying[0]?.post(`/revoke?id=${revoked?.id}`)
    expect(answer).toMatchObject({ status: 503, retryAfter: '1' })
    expect((await app.says()).codes).toEqual(['REVOKE_UNCERTAIN'])
    expect((await leaving?.post('/sign-out'))?.status).toBe(503)
    expect((await revoked?.get('/me'))?.status).toBe(401)
    expect((await revoked?.get('/me', elsewhere))?.status, 'the store does not know it yet').toBe(200)
    const before = await app.says()
    expect(before.figures['sojourn.revocations.pending']).toBe(2)
    // Longer than the fence: heartbeats are not written, and this server still says that it is the primary.
    await eventually(
      async () => ((await app.says()).figures['sojourn.redis.fence.heartbeats answered'] ?? 0) > 6,
    )

    await mend()
    await eventually(async () => (await app.says()).figures['sojourn.revocations.pending'] === 0)
    expect((await app.says()).events.filter(({ name }) => name === 'revoke.completed')).toHaveLength(2)
    expect((await revoked?.get('/me', elsewhere))?.status).toBe(401)
    const seen = await load.stop()
    expectHonest(seen)
    expect(seen.filter(({ status }) => status !== 200)).toEqual([])
  })
})
