/**
 * Redis at its `maxmemory`. What would take memory is refused and said so; whatever ends a session is possible, and
 * checks go on.
 */
import { expect, test } from 'vitest'
import { createClient } from './harness/client.ts'
import { crowd, eventually, expectAllSignedIn, expectHonest, startLoad } from './harness/crowd.ts'
import { DRIVERS } from './harness/options.ts'
import { startApp } from './harness/processes.ts'
import { redis } from './harness/servers.ts'
import { fillMemory } from '../programs/index.ts'

test.each(DRIVERS)('%s: sessions are checked and ended, and none begins or changes', async (driver) => {
  const server = await redis()
  // Touched every second.
  const app = await startApp({ driver, redis: server.place, sessions: { lifetime: { idle: '30s' } } })
  const lastCode = async (): Promise<string | undefined> => (await app.says()).codes.at(-1)
  const clients = await crowd(8, app)
  const [leaving, revoked, all, keeping, ...staying] = clients as typeof clients & { [index: number]: object }
  const [other, newcomer] = [createClient('user-3', app), createClient('newcomer', app)]
  await other.signIn()

  const mend = await fillMemory(server)
  const load = startLoad(staying, 50)

  expect(await newcomer.signIn()).toMatchObject({ status: 503, retryAfter: '1', setCookies: [] })
  expect(await lastCode()).toBe('STORE_FULL')
  for (const path of ['/elevate', '/regenerate']) {
    expect(await staying[0]?.post(path)).toMatchObject({ status: 503, retryAfter: '1', setCookies: [] })
    expect(await lastCode()).toBe('STORE_FULL')
  }
  expect(await staying[0]?.post('/set?note=full')).toMatchObject({ status: 503, setCookies: [] })

  expect((await leaving?.post('/sign-out'))?.status).toBe(204)
  expect((await other.post(`/revoke?id=${revoked?.id}`)).body).toBe('{"found":true}')
  expect((await other.post(`/revoke-all?subject=${all?.subject}`)).body).toBe('{"ended":1}')
  expect((await other.post('/revoke-all?subject=nobody')).body).toBe('{"ended":0}')
  expect(JSON.parse((await other.post('/revoke-others')).body)).toEqual({ kind: 'done', ended: 1 })
  for (const ended of [leaving, revoked, all, keeping]) expect((await ended?.get('/me'))?.status).toBe(401)

  await eventually(async () => ((await app.says()).figures['sojourn.touches dropped'] ?? 0) > 0)
  const seen = await load.stop()
  expectHonest(seen)
  expect(seen.filter(({ status }) => status !== 200)).toEqual([])

  await mend()
  await expectAllSignedIn([...staying, other])
  expect((await newcomer.signIn()).status).toBe(200)
  expect((await staying[0]?.post('/elevate'))?.body).toBe('{"kind":"changed"}')
})
