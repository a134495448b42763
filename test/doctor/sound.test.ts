// Silence about what is well, in every topology and through each driver; and what may not be looked at is said.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomBytes } from 'node:crypto'
import { assertSound, examine } from 'sojourn/doctor'
import { memoryStore } from 'sojourn/stores/memory'
import { redisStore } from 'sojourn/stores/redis'
import { sqliteStore } from 'sojourn/stores/sqlite'
import { tieredStore } from 'sojourn/stores/tiered'
import { describe, expect, onTestFinished, test } from 'vitest'
import { DRIVERS, examined, opened, soundCluster, soundRedis, soundSentinel, SILENCE } from './harness.ts'

describe('nothing is found', () => {
  test('in a Sentinel group whose replicas all vote', async () => {
    const { address } = await soundSentinel()
    for (const driver of DRIVERS)
      expect(await examined(address, { driver, store: { voters: 2 } })).toEqual(SILENCE)
  })

  test('in a cluster with a replica for each primary', async () => {
    const { address } = await soundCluster(1)
    for (const driver of DRIVERS)
      expect(await examined(address, { driver, store: { voters: 1 } })).toEqual(SILENCE)
  })

  test('behind a near cache, with the options of an application', async () => {
    const server = await soundRedis()
    const redis = opened({ url: server.url }, 'node-redis')
    const store = tieredStore({ hot: redisStore({ redis }) })
    onTestFinished(() => store.close())
    const options = { deployment: 'shop', secrets: [randomBytes(48)], store, deadline: '10s' } as const
    expect(await assertSound(options)).toEqual(SILENCE)
  })

  test('in memory, in one process', async () => {
    expect(await examine({ store: memoryStore() })).toEqual(SILENCE)
  })

  test('in a file on a disk', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sojourn-doctor-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const store = sqliteStore({ path: join(folder, 'sessions.db') })
    onTestFinished(() => store.close())
    // Some systems keep their temporary files in memory.
    expect(await examine({ store }, { accept: ['sqlite-volatile'] })).toEqual(SILENCE)
  })
})
