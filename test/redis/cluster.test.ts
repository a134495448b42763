/**
 * A cluster of three primaries, each with a replica that votes. A primary that dies takes down its own sessions until
 * its replica stands in for it, and no others; slots move under load, and no answer is wrong.
 */
import { describe, expect, test } from 'vitest'
import type { RedisCluster, RedisServer } from '../programs/index.ts'
import type { Client } from './harness/client.ts'
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
import { DRIVERS } from './harness/options.ts'
import { startApp } from './harness/processes.ts'
import { cluster } from './harness/servers.ts'

describe.each(DRIVERS)('%s', (driver) => {
  test('a primary that dies: other sessions are served all the while, its own again after the promotion', async () => {
    // Or else the others refuse, too.
    const servers = await cluster({ replicas: 1, config: ['cluster-require-full-coverage no'] })
    const app = await startApp({ driver, redis: servers.place, store: { voters: 1 } })
    const clients = await crowd(45, app)
    // The documents are in the first slots, and what they say is good for five seconds.
    const [, victim] = servers.nodes as readonly [RedisServer, RedisServer]
    const its = await clientsOn(victim, clients)
    const others = clients.filter((client) => !its.includes(client))
    expect(Math.min(its.length, others.length)).toBeGreaterThan(0)
    const [revoked, ...staying] = its
    await revoke(revoked as Client, app)

    const [ofIts, ofOthers] = [startLoad(staying, 50), startLoad(others, 100)]
    await victim.kill()
    const killedAt = performance.now()
    await eventually(async () => (await staying[0]?.get('/me'))?.status === 503)
    await expectAllSignedIn(staying)
    const recoveryMs = Math.round(performance.now() - killedAt)
    await eventually(async () => (await revoked?.get('/me'))?.status === 401)
    const [seenOfIts, seenOfOthers] = [await ofIts.stop(), await ofOthers.stop()]
    expectHonest([...seenOfIts, ...seenOfOthers])
    expect(seenOfOthers.filter(({ status }) => status !== 200)).toEqual([])
    figure(`a primary of a cluster dies, ${driver}`, {
      its: byStatus(seenOfIts),
      others: byStatus(seenOfOthers),
      recoveryMs,
    })
  })

  test('slots that move under load: no answer is wrong', async () => {
    const servers = await cluster()
    const app = await startApp({ driver, redis: servers.place, near: { lease: '1s' } })
    const clients = await crowd(30, app)
    const load = startLoad(clients, 200)
    const [from, to] = servers.nodes as readonly [RedisServer, RedisServer]
    const slots = new Set(await Promise.all((await keysOf(from)).map(servers.slotOf)))
    for (const slot of slots) await moveSlot(servers, slot, to)
    await expectAllSignedIn(clients)
    for (const client of clients) expect((await client.post('/set?note=moved')).status).toBe(200)
    const seen = await load.stop()
    expectHonest(seen)
    figure(`slots move, ${driver}`, byStatus(seen))
  })
})

/** In steps, so that requests come in between. */
async function moveSlot(servers: RedisCluster, slot: number, to: RedisServer): Promise<void> {
  const migration = await servers.beginMigration(slot, to)
  await migration.moveKeys()
  await migration.finish()
}

async function clientsOn(server: RedisServer, clients: readonly Client[]): Promise<readonly Client[]> {
  const rosters = new Set((await keysOf(server)).map((key) => key.slice(-16)))
  return clients.filter(({ id }) => rosters.has(id.slice(0, 16)))
}

async function keysOf(server: RedisServer): Promise<readonly string[]> {
  return (await server.cli('KEYS', 'sojourn:{*}:????????????????')).split('\n')
}
