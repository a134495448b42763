/** Processes of an application come and go: nobody is signed out by it, and what was seen of a session is kept. */
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { DeviceEntry } from 'sojourn'
import { createClient } from './harness/client.ts'
import { crowd } from './harness/crowd.ts'
import { DRIVERS } from './harness/options.ts'
import { startApp } from './harness/processes.ts'
import { redis } from './harness/servers.ts'

/** An idle timeout of 30 s is extended at most once in a second. */
const TOUCH_MS = 1_000

describe.each(DRIVERS)('%s', (driver) => {
  test.each(['SIGTERM', 'SIGKILL'] as const)(
    'a process that ended by %s and began again knows everybody',
    async (signal) => {
      const server = await redis()
      const before = await startApp({ driver, redis: server.place })
      const clients = await crowd(10, before)
      const [revoked, ...staying] = clients
      await staying[0]?.post(`/revoke?id=${revoked?.id}`)
      await before.end(signal)
      const after = await startApp({ driver, redis: server.place })
      const statuses = await Promise.all(
        clients.map(async (client) => (await client.get('/me', after)).status),
      )
      expect(statuses).toEqual([401, ...staying.map(() => 200)])
    },
  )

  test('a process that is told to end writes what was seen last', async () => {
    const server = await redis()
    const sessions = { lifetime: { idle: '30s' } } as const
    const options = { driver, redis: server.place, near: {}, sessions } as const
    const [leaving, staying] = await Promise.all([startApp(options), startApp(options)])
    const client = createClient('ada', leaving)
    await client.signIn()
    await delay(TOUCH_MS + 100)
    // A copy answers, and the touch waits for a store that is silent until the process has been told to end.
    server.pause()
    const seenAfter = Date.now()
    expect((await client.get('/me')).status).toBe(200)
    const ended = leaving.end('SIGTERM')
    server.resume()
    await ended
    const { body } = await client.get('/devices?subject=ada', staying)
    const [device] = JSON.parse(body) as readonly DeviceEntry[]
    expect(device?.seenAt).toBeGreaterThanOrEqual(seenAfter)
  })
})
