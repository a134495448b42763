/**
 * A primary with two replicas that vote. What was acknowledged is on all of them, so a failover forgets no revocation,
 * whether Sentinels or somebody else promotes one; with a voter missing nothing is acknowledged that could be forgotten.
 */
import { describe, expect, test } from 'vitest'
import {
  byStatus,
  crowd,
  eventually,
  expectAllSignedIn,
  expectHonest,
  revoke,
  startLoad,
} from './harness/crowd.ts'
import { figure } from './harness/figures.ts'
import { DRIVERS, USUAL_DEADLINES } from './harness/options.ts'
import { startApp } from './harness/processes.ts'
import { startLink } from '../programs/index.ts'
import { ending, redis, sentinels } from './harness/servers.ts'

const VOTERS = 2

describe.each(DRIVERS)('%s', (driver) => {
  test('with a voter silent a revocation is uncertain, refused here, and completes when the voter is back', async () => {
    const group = await sentinels()
    const options = {
      driver,
      redis: group.place,
      store: { voters: VOTERS },
      sessions: USUAL_DEADLINES,
    } as const
    const [app, elsewhere] = await Promise.all([startApp(options), startApp(options)])
    const [revoked, ...staying] = await crowd(5, app)
    const load = startLoad(staying, 50)
    group.replicas[0]?.pause()

    const answer = await staying[0]?.post(`/revoke?id=${revoked?.id}`)
    expect(answer).toMatchObject({ status: 503, retryAfter: '1' })
    expect((await app.says()).codes).toEqual(['REVOKE_UNCERTAIN'])
    expect((await revoked?.get('/me'))?.status).toBe(401)

    group.replicas[0]?.resume()
    const backAt = performance.now()
    await eventually(async () => (await app.says()).figures['sojourn.revocations.pending'] === 0)
    const completedMs = Math.round(performance.now() - backAt)
    expect((await app.says()).events.filter(({ name }) => name === 'revoke.completed')).toHaveLength(1)
    expect((await revoked?.get('/me', elsewhere))?.status).toBe(401)
    const seen = await load.stop()
    expectHonest(seen)
    figure(`a voter is silent, ${driver}`, {
      ...byStatus(seen),
      uncertainAfterMs: Math.round(answer?.tookMs ?? 0),
      completedMs,
    })
  })

  test('after a failover everybody is signed in but those who were revoked', async () => {
    const group = await sentinels()
    const options = { driver, redis: group.place, store: { voters: VOTERS }, near: { lease: '1s' } } as const
    const [app, elsewhere] = await Promise.all([startApp(options), startApp(options)])
    const clients = await crowd(30, app)
    const [revoked, staying] = [clients.slice(0, 10), clients.slice(10)]
    const load = startLoad(staying, 100)
    for (const client of revoked) await revoke(client, elsewhere)

    await group.primary.kill()
    const killedAt = performance.now()
    await eventually(async () => (await app.says()).figures['sojourn.redis.fence.primaries confirmed'] !== 1)
    await expectAllSignedIn(staying)
    const recoveryMs = Math.round(performance.now() - killedAt)
    expect(await group.currentPrimary()).not.toBe(group.primary)
    for (const at of [app, elsewhere])
      for (const client of revoked) await eventually(async () => (await client.get('/me', at)).status === 401)
    const seen = await load.stop()
    expectHonest(seen)
    figure(`failover, ${driver}`, { ...byStatus(seen), recoveryMs })
  })

  test('a copy that is never promoted is a voter too, and does not stand in for the one that is', async () => {
    const primary = await redis()
    const link = ending(await startLink(primary.port))
    const successor = await redis({ replicaOf: { port: link.port } })
    await redis({ replicaOf: primary, config: ['replica-priority 0'] })
    const app = await startApp({ driver, redis: primary.place, store: { voters: VOTERS } })
    const [revoked] = await crowd(1, app)
    await eventually(async () => (await successor.cli('KEYS', 'sojourn:{*}:????????????????')) !== '')

    link.swallow()
    expect((await revoked?.post(`/revoke?id=${revoked.id}`))?.status).toBe(503)
    expect((await app.says()).codes).toEqual(['REVOKE_UNCERTAIN'])
    expect((await revoked?.get('/me'))?.status).toBe(401)

    link.drop()
    await eventually(async () => (await app.says()).figures['sojourn.revocations.pending'] === 0)
    await primary.kill()
    await successor.cli('REPLICAOF', 'NO', 'ONE')
    const elsewhere = await startApp({ driver, redis: successor.place })
    expect((await revoked?.get('/me', elsewhere))?.status).toBe(401)
  })
})
