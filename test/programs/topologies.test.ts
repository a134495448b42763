// Groups of servers: a failover that really happens, a slot that really moves.
import { afterEach, expect, test } from 'vitest'
import { startCluster, startSentinel } from 'sojourn-test-programs'

const started: { readonly stop: () => Promise<void> }[] = []

afterEach(async () => {
  await Promise.all(started.splice(0).map((group) => group.stop()))
})

async function kept<T extends { readonly stop: () => Promise<void> }>(starting: Promise<T>): Promise<T> {
  const group = await starting
  started.push(group)
  return group
}

test('Sentinels put a replica in the place of a primary that is gone', async () => {
  const { primary, replicas, currentPrimary } = await kept(startSentinel())
  expect(await currentPrimary()).toBe(primary)
  await primary.cli('SET', 'key', 'value')
  expect(await primary.cli('WAIT', '2', '5000')).toBe('2')
  await primary.kill()
  const next = await expect.poll(currentPrimary, { timeout: 60_000 }).not.toBe(primary).then(currentPrimary)
  expect(replicas).toContain(next)
  expect(await next.cli('GET', 'key')).toBe('value')
})

test('a slot moves with its keys, and every node knows', async () => {
  const cluster = await kept(startCluster())
  const slot = await cluster.slotOf('key')
  const from = await cluster.primaryOf(slot)
  const to = cluster.nodes.find((node) => node !== from) ?? from
  await from.cli('SET', 'key', 'value')
  await expect(to.cli('GET', 'key')).rejects.toThrow(`MOVED ${slot} 127.0.0.1:${from.port}`)

  const migration = await cluster.beginMigration(slot, to)
  expect(await from.cli('GET', 'key')).toBe('value')
  await migration.moveKeys('key')
  await expect(from.cli('GET', 'key')).rejects.toThrow(`ASK ${slot} 127.0.0.1:${to.port}`)
  await migration.finish()
  expect(await cluster.primaryOf(slot)).toBe(to)
  await expect(from.cli('GET', 'key')).rejects.toThrow(`MOVED ${slot} 127.0.0.1:${to.port}`)

  await cluster.migrate(slot, from)
  expect(await from.cli('GET', 'key')).toBe('value')
})

test('a replica takes the slots of a primary that is gone, and the cluster is whole when that one is back', async () => {
  const cluster = await kept(startCluster({ replicas: 1 }))
  const slot = await cluster.slotOf('key')
  const primary = await cluster.primaryOf(slot)
  await primary.kill()
  await expect.poll(() => cluster.primaryOf(slot), { timeout: 60_000 }).not.toBe(primary)
  await primary.restart()
  await cluster.whole()
})
