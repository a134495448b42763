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

test('each server is where it was put, and is known to the others by that address', async () => {
  const hosts = ['127.0.5.1', '127.0.5.2', '127.0.5.3']
  const group = await kept(startSentinel({ replicas: 1, sentinels: 1, hosts }))
  const servers = [group.primary, ...group.replicas, ...group.sentinels]
  expect(servers.map(({ host }) => host)).toEqual(hosts)
  expect(await group.primary.cli('INFO', 'replication')).toContain('slave0:ip=127.0.5.2,')
  const watcher = group.sentinels[0]
  expect(await watcher?.cli('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', group.name)).toContain('127.0.5.1')

  const nodes = await kept(startCluster({ hosts }))
  const [first] = nodes.nodes
  for (const host of hosts) expect(await first?.cli('CLUSTER', 'NODES')).toContain(`${host}:`)
})
