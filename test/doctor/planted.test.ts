/**
 * Every misconfiguration of Redis that the doctor knows, planted on real servers that are well otherwise: it is found,
 * and nothing else is. Where the fix is a command, it is given, and the doctor is silent again.
 */
import { mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Examination, FINDING_CODES } from 'sojourn/doctor'
import type { RedisPort } from 'sojourn/stores/redis'
import { describe, expect, test } from 'vitest'
import { startLink } from '../programs/index.ts'
import {
  clockAhead,
  codesOf,
  DRIVERS,
  ending,
  examined,
  opened,
  settled,
  soundCluster,
  soundRedis,
  soundSentinel,
} from './harness.ts'

const planted = new Set<string>()

/** Notes what was planted. */
function only(code: string): readonly string[] {
  planted.add(code)
  return [code]
}

/** Commands in a fix, as an operator copies them. */
function commandsIn({ findings }: Examination): readonly (readonly string[])[] {
  return findings.flatMap(({ fix }) =>
    [...fix.matchAll(/CONFIG (?:SET [\w-]+ \w+|RESETSTAT)/g)].map(([command]) => command.split(' ')),
  )
}

describe.each(DRIVERS)('%s: a setting', (driver) => {
  test.each([
    ['redis-eviction', ['maxmemory-policy', 'volatile-lru']],
    ['redis-eviction', ['maxmemory-policy', 'allkeys-lfu', 'maxmemory', '1gb']],
    ['redis-nothing-kept', ['appendonly', 'no']],
    ['redis-snapshots', ['appendonly', 'no', 'save', '3600 1 300 100']],
    ['redis-fsync-no', ['appendfsync', 'no']],
    ['redis-fsync-everysec', ['appendfsync', 'everysec']],
    ['redis-min-replicas-unmet', ['min-replicas-to-write', '1']],
    ['redis-listpack', ['hash-max-listpack-value', '64']],
  ])('%s: %j', async (code, settings) => {
    const server = await soundRedis()
    const before = await examined({ url: server.url }, { driver })
    expect(before).toEqual({ findings: [], unseen: [] })
    await server.cli('CONFIG', 'SET', ...settings)
    const found = await examined({ url: server.url }, { driver })
    expect([found.findings.map((one) => one.code), found.unseen]).toEqual([only(code), []])
    const commands = commandsIn(found)
    expect(commands).toHaveLength(1)
    for (const command of commands) await server.cli(...command)
    await settled(server)
    expect(await codesOf({ url: server.url }, { driver })).toEqual([])
  })
})

test('redis-evicted: keys that went while nobody looked, until the counters are reset', async () => {
  const server = await soundRedis()
  await server.cli('EVAL', "for i = 1, 2000 do redis.call('SET', 'other:' .. i, ('x'):rep(1000)) end", '0')
  const used = Number(/used_memory:(\d+)/.exec(await server.cli('INFO', 'memory'))?.[1])
  await server.cli('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru', 'maxmemory', String(used - 500_000))
  await server.cli('SET', 'other:last', 'x')
  await server.cli('CONFIG', 'SET', 'maxmemory-policy', 'noeviction', 'maxmemory', '0')
  const found = await examined({ url: server.url })
  expect(found.findings.map(({ code }) => code)).toEqual(only('redis-evicted'))
  for (const command of commandsIn(found)) await server.cli(...command)
  expect(await codesOf({ url: server.url })).toEqual([])
})

test('redis-nearly-full: nine tenths of maxmemory are used', async () => {
  const server = await soundRedis()
  const used = Number(/used_memory:(\d+)/.exec(await server.cli('INFO', 'memory'))?.[1])
  await server.cli('CONFIG', 'SET', 'maxmemory', String(used))
  expect(await codesOf({ url: server.url })).toEqual(only('redis-nearly-full'))
})

test('redis-saving-fails: its directory is gone', async () => {
  const server = await soundRedis()
  const gone = mkdtempSync(join(tmpdir(), 'sojourn-gone-'))
  await server.cli('CONFIG', 'SET', 'dir', gone)
  rmdirSync(gone)
  await server.cli('BGSAVE')
  const saved = (status: string) => async (): Promise<boolean> =>
    (await server.cli('INFO', 'persistence')).includes(`rdb_last_bgsave_status:${status}`)
  await expect.poll(saved('err'), { timeout: 60_000 }).toBe(true)
  expect(await codesOf({ url: server.url })).toEqual(only('redis-saving-fails'))
  await server.cli('CONFIG', 'SET', 'dir', server.folder)
  await server.cli('BGSAVE')
  await expect.poll(saved('ok'), { timeout: 60_000 }).toBe(true)
  expect(await codesOf({ url: server.url })).toEqual([])
})

test('redis-voters-uncounted: a replica that is not counted, though it is never promoted', async () => {
  const server = await soundRedis()
  await soundRedis({ replicaOf: server, config: ['replica-priority 0'] })
  const found = await examined({ url: server.url })
  expect(found.findings.map(({ code }) => code)).toEqual(only('redis-voters-uncounted'))
  expect(found.findings[0]?.fix).toContain('voters: 1')
  expect(await codesOf({ url: server.url }, { store: { voters: 1 } })).toEqual([])
})

test('redis-voters-missing: fewer replicas than are waited for', async () => {
  const server = await soundRedis()
  await soundRedis({ replicaOf: server })
  expect(await codesOf({ url: server.url }, { store: { voters: 2 } })).toEqual(only('redis-voters-missing'))
})

test('redis-min-replicas-all: one replica less, and nobody signs in', async () => {
  const server = await soundRedis()
  await soundRedis({ replicaOf: server })
  await server.cli('CONFIG', 'SET', 'min-replicas-to-write', '1')
  const found = await examined({ url: server.url }, { store: { voters: 1 } })
  expect(found.findings.map(({ code }) => code)).toEqual(only('redis-min-replicas-all'))
  for (const command of commandsIn(found)) await server.cli(...command)
  expect(await codesOf({ url: server.url }, { store: { voters: 1 } })).toEqual([])
})

test('redis-min-replicas-off: a primary that is cut off takes writes that are lost', async () => {
  const server = await soundRedis()
  await Promise.all([soundRedis({ replicaOf: server }), soundRedis({ replicaOf: server })])
  const found = await examined({ url: server.url }, { store: { voters: 2 } })
  expect(found.findings.map(({ code }) => code)).toEqual(only('redis-min-replicas-off'))
  for (const command of commandsIn(found)) await server.cli(...command)
  expect(await codesOf({ url: server.url }, { store: { voters: 2 } })).toEqual([])
})

test.each(DRIVERS)('%s: redis-replica-reads: the address is a replica’s', async (driver) => {
  const server = await soundRedis()
  const replica = await soundRedis({ replicaOf: server })
  expect(await codesOf({ url: replica.url }, { driver })).toEqual(only('redis-replica-reads'))
})

test('redis-replica-reads: what stands in between sends reads to another server', async () => {
  const servers = [await soundRedis(), await soundRedis()] as const
  const [writer, reader] = servers.map(({ url }) => opened({ url }, 'node-redis')) as [RedisPort, RedisPort]
  const split: RedisPort = {
    ...writer,
    command: (args, options) => (options.readonly ? reader : writer).command(args, options),
  }
  expect(await codesOf(split)).toEqual(only('redis-replica-reads'))
})

test.each([60_000, -60_000])('redis-clock: a clock that is %i ms off', async (ahead) => {
  const server = await soundRedis()
  const environment = clockAhead(ahead)
  expect(await codesOf({ url: server.url }, { store: { environment } })).toEqual(only('redis-clock'))
})

test.each(DRIVERS)('%s: redis-slow: a round trip takes too much of the deadline', async (driver) => {
  const server = await soundRedis()
  const link = ending(await startLink(server.port))
  const port = opened({ url: `redis://127.0.0.1:${link.port}` }, driver)
  expect(await codesOf(port)).toEqual([])
  link.delay(30)
  expect(await codesOf(port, { options: { deadline: '400ms' } })).toEqual(only('redis-slow'))
})

test('redis-version: what it says that it is', async () => {
  const server = await soundRedis()
  const link = ending(await startLink(server.port))
  link.edit('answer', (bytes) =>
    Buffer.from(bytes.toString('latin1').replace(/redis_version:7\.0/, 'redis_version:6.2'), 'latin1'),
  )
  expect(await codesOf({ url: `redis://127.0.0.1:${link.port}` })).toEqual(only('redis-version'))
})

/** An address that this machine does not have: Redis leaves it out, and so nobody else is let in. */
test('redis-open: everybody who reaches it is let in', async () => {
  const server = await soundRedis({ config: ['bind 127.0.0.1 -192.0.2.1'] })
  for (const driver of DRIVERS)
    expect(await codesOf({ url: server.url }, { driver })).toEqual(only('redis-open'))
  await server.cli('CONFIG', 'SET', 'protected-mode', 'yes')
  expect(await codesOf({ url: server.url })).toEqual([])
})

test('store-unavailable: nobody is there', async () => {
  const server = await soundRedis()
  const { url } = server
  await server.stop()
  for (const driver of DRIVERS) expect(await codesOf({ url }, { driver })).toEqual(only('store-unavailable'))
})

test('redis-unnamed: no majority of the Sentinels is left', async () => {
  const group = await soundSentinel()
  const ports = DRIVERS.map((driver) => opened(group.address, driver))
  for (const port of ports) expect(await codesOf(port, { store: { voters: 2 } })).toEqual([])
  await Promise.all(group.sentinels.slice(1).map((sentinel) => sentinel.stop()))
  for (const port of ports)
    expect(await codesOf(port, { store: { voters: 2 } })).toEqual(only('redis-unnamed'))
})

test('redis-no-replica, and redis-slots-down when a primary is lost', async () => {
  const group = await soundCluster(0)
  const ports = DRIVERS.map((driver) => opened(group.address, driver))
  for (const port of ports) expect(await codesOf(port)).toEqual(only('redis-no-replica'))
  const [, lost] = group.nodes
  await lost?.stop()
  await expect
    .poll(async () => await group.nodes[0]?.cli('CLUSTER', 'INFO'), { timeout: 60_000 })
    .toContain('cluster_state:fail')
  for (const port of ports) {
    const { findings } = await examined(port)
    const codes = findings.map(({ code }) => code)
    expect(codes).toContain(only('redis-slots-down')[0])
    expect(findings.filter(({ code }) => code === 'store-unavailable').map(({ where }) => where)).toEqual([
      `127.0.0.1:${lost?.port}`,
    ])
  }
})

test('every finding about Redis was planted', () => {
  const known = FINDING_CODES.filter((code) => code.startsWith('redis-') || code === 'store-unavailable')
  expect([...planted].toSorted()).toEqual(known.toSorted())
})
