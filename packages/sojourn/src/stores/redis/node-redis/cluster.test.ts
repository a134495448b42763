import { startCluster } from 'sojourn-test-programs'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { nodeRedis } from '../node-redis.ts'
import type { RedisPort } from '../port.ts'
import { slotOfKey } from '../slots.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

let cluster: Awaited<ReturnType<typeof startCluster>>
beforeAll(async () => {
  cluster = await startCluster({ replicas: 1 })
})
afterAll(() => cluster.stop())

function opened(): RedisPort {
  const port = nodeRedis({ cluster: cluster.urls })
  onTestFinished(() => port.close())
  return port
}

async function elsewhere(slot: number): Promise<Awaited<ReturnType<typeof cluster.primaryOf>>> {
  const owner = await cluster.primaryOf(slot)
  const others = await Promise.all([0, 8_000, 16_383].map((other) => cluster.primaryOf(other)))
  const other = others.find(({ port }) => port !== owner.port)
  if (other === undefined) throw new Error('One node serves all slots.')
  return other
}

test('while a slot moves, an acknowledged write follows its key and waits for the replicas of where it is', async () => {
  const key = '{moving}1'
  const port = opened()
  await port.command(['SET', key, '1'], { key, readonly: false })
  const to = await elsewhere(slotOfKey(key))
  const migration = await cluster.beginMigration(slotOfKey(key), to)
  await migration.moveKeys(key)
  const written = await port.writeAndWait(['SET', key, '2', 'GET'], { key, replicas: 1, timeoutMs: 10_000 })
  expect([String(written.reply), written.replicas]).toEqual(['1', 1])
  await migration.finish()
  expect(String(await port.command(['GET', key], { key, readonly: true }))).toBe('2')
})

test('once a slot has moved, calls go there without asking the old owner again', async () => {
  const key = '{moved}1'
  const port = opened()
  await port.command(['SET', key, '1'], { key, readonly: false })
  const owner = await cluster.primaryOf(slotOfKey(key))
  await cluster.migrate(slotOfKey(key), await elsewhere(slotOfKey(key)))
  await owner.cli('CONFIG', 'RESETSTAT')
  for (let count = 0; count < 20; count++) await port.command(['GET', key], { key, readonly: true })
  expect(await owner.cli('INFO', 'errorstats')).toContain('errorstat_MOVED:count=1')
})
