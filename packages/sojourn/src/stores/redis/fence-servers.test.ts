/** The fence against real servers. Its clock stands still, so that no pause of the machine decides anything. */
import { mkdtemp, rmdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import {
  type RedisSentinels,
  type RedisServer,
  startCluster,
  startRedis,
  startSentinel,
} from 'sojourn-test-programs'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { instant } from '../../core/instant.ts'
import { type FakeEnvironment, fakeEnvironment } from '../../testing/fake-environment.ts'
import { createFence, type Fence } from './fence.ts'
import { createLayout, type Layout } from './layout.ts'
import { nodeRedis } from './node-redis.ts'
import type { RedisPort } from './port.ts'
import { connected, PATIENT_MS } from './topologies.fixture.ts'

const F = 5000
const POLL_MS = 20

interface Watcher {
  readonly fence: Fence
  readonly environment: FakeEnvironment
  readonly layout: Layout
  /** Of the tag now. */
  readonly isConfirmed: (tag?: number) => boolean
  /** What the next heartbeat comes to; one that hangs is given up. */
  readonly confirm: (tag?: number) => Promise<boolean>
  readonly outcomes: () => Record<string, number>
}

function watch(port: RedisPort, { voters = 0, tags = 1 } = {}): Watcher {
  const environment = fakeEnvironment()
  const layout = createLayout({ prefix: 'fence', tags, sharded: port.traits.topology === 'cluster' })
  const fence = createFence({ port, environment, layout, voters, fenceMs: F })
  opened.push(fence, port)
  return {
    fence,
    environment,
    layout,
    isConfirmed: (tag = 0) => fence.isConfirmed(tag, instant(environment)),
    confirm: (tag = 0) => answered(fence.confirm(tag), environment),
    outcomes: () => outcomesOf(fence),
  }
}

/** The servers have three seconds, by the machine's clock, before the fence is told that its time is up: more than a `WAIT` takes. */
async function answered(confirmed: Promise<boolean>, environment: FakeEnvironment): Promise<boolean> {
  const patience = new AbortController()
  const givingUp = delay(3000, undefined, { signal: patience.signal }).then(
    () => environment.advance(F * 0.4),
    () => undefined,
  )
  const answer = await confirmed
  patience.abort()
  await givingUp
  return answer
}

function outcomesOf(fence: Fence): Record<string, number> {
  const heartbeats = fence.measures().filter(({ name }) => name === 'sojourn.redis.fence.heartbeats')
  return Object.fromEntries(
    heartbeats.flatMap((measure) =>
      measure.kind === 'counter' && measure.value > 0
        ? [[String(measure.attributes['outcome']), measure.value]]
        : [],
    ),
  )
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo().catch(() => false))) await delay(POLL_MS)
}

const opened: { close(): unknown }[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map((part) => part.close()))
})

describe('a single server', { timeout: PATIENT_MS }, () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis({ config: ['enable-protected-configs yes'] })
  }, PATIENT_MS)
  afterAll(() => server.stop())
  const single = async (): Promise<Watcher> => watch(await connected(nodeRedis({ url: server.url })))

  it('is confirmed, and the heartbeat is a key that ends by itself', async () => {
    const { confirm, layout, outcomes } = await single()
    expect([await confirm(), outcomes()]).toEqual([true, { acknowledged: 1 }])
    const [key] = (await server.cli('KEYS', `fence:{${layout.tags[0]}}:beat:*`)).split('\n')
    expect(Number(await server.cli('PTTL', key as string))).toBeGreaterThan(F)
  })

  it('is confirmed when its memory is full', async () => {
    const { confirm, outcomes } = await single()
    await server.cli('CONFIG', 'SET', 'maxmemory', '1')
    await expect(server.cli('SET', 'any', '1')).rejects.toThrow('OOM')
    expect([await confirm(), outcomes()]).toEqual([true, { acknowledged: 1 }])
    await server.cli('CONFIG', 'SET', 'maxmemory', '0')
  })

  it('is confirmed when it has too few replicas to take a write', async () => {
    const { confirm, outcomes } = await single()
    await server.cli('CONFIG', 'SET', 'min-replicas-to-write', '1')
    await expect(server.cli('SET', 'any', '1')).rejects.toThrow('NOREPLICAS')
    expect([await confirm(), outcomes()]).toEqual([true, { answered: 1 }])
    await server.cli('CONFIG', 'SET', 'min-replicas-to-write', '0')
  })

  it('is confirmed when its disk fails', async () => {
    const { confirm, outcomes } = await single()
    const gone = await mkdtemp(join(tmpdir(), 'sojourn-fence-'))
    const [, kept] = (await server.cli('CONFIG', 'GET', 'dir')).split('\n')
    await server.cli('CONFIG', 'SET', 'dir', gone, 'save', '3600 1')
    await rmdir(gone)
    await server.cli('BGSAVE')
    await until(async () => (await server.cli('INFO', 'persistence')).includes('bgsave_status:err'))
    await expect(server.cli('SET', 'any', '1')).rejects.toThrow('MISCONF')
    expect([await confirm(), outcomes()]).toEqual([true, { answered: 1 }])
    await server.cli('CONFIG', 'SET', 'dir', kept as string, 'save', '')
  })

  it('is not confirmed as a replica', async () => {
    const { confirm, fence } = await single()
    await server.cli('REPLICAOF', '127.0.0.1', '1')
    expect(await confirm()).toBe(false)
    expect(fence.lastFailure(0)).toBeInstanceOf(Error)
    await server.cli('REPLICAOF', 'NO', 'ONE')
    await until(() => confirm())
  })
})

describe('a primary with two replicas and three Sentinels', { timeout: PATIENT_MS }, () => {
  let group: RedisSentinels
  beforeAll(async () => {
    group = await startSentinel()
  }, PATIENT_MS)
  afterAll(() => group.stop())
  const pinnedTo = (server: RedisServer): Promise<RedisPort> => connected(nodeRedis({ url: server.url }))
  const following = async (): Promise<RedisPort> =>
    connected(nodeRedis({ sentinels: group.sentinels, name: group.name }))
  const pauseAll = (servers: readonly RedisServer[]): void => servers.forEach((server) => server.pause())
  const resumeAll = (servers: readonly RedisServer[]): void => servers.forEach((server) => server.resume())

  it('is confirmed by both, and with one of them by the Sentinels', async () => {
    const { confirm, outcomes } = watch(await following(), { voters: 2 })
    await until(async () => (await confirm()) && outcomes()['acknowledged'] !== undefined)
    const witnessed = outcomes()['witnessed'] ?? 0
    const [first] = group.replicas as [RedisServer]
    first.pause()
    expect([await confirm(), outcomes()['witnessed']]).toEqual([true, witnessed + 1])
    first.resume()
  })

  it('is confirmed no more when it is cut off from all others, though it goes on answering', async () => {
    const { confirm, isConfirmed, environment } = watch(await pinnedTo(group.primary), { voters: 2 })
    await until(() => confirm())
    const others = [...group.replicas, ...group.sentinels]
    pauseAll(others)
    expect([await confirm(), isConfirmed()]).toEqual([true, true])
    await environment.advance(F + 1)
    expect([isConfirmed(), await confirm(), isConfirmed()]).toEqual([false, false, false])
    expect(await group.primary.cli('SET', 'any', 'taken')).toBe('OK')
    expect(await group.primary.cli('GET', 'any')).toBe('taken')
    resumeAll(others)
    await until(() => confirm())
  })

  it('is never confirmed again after another one was promoted, though it takes reads and writes', async () => {
    const { primary: deposed } = group
    const pinned = await pinnedTo(deposed)
    const isNamedPrimary = async (): Promise<boolean> => (await group.currentPrimary()) === deposed
    const alone = watch(pinned, { voters: 2 })
    const witnessed = watch({ ...pinned, isNamedPrimary }, { voters: 2 })
    const voterless = watch(
      { ...pinned, isNamedPrimary, traits: { ...pinned.traits, topology: 'sentinel' } },
      { voters: 0 },
    )
    for (const { confirm } of [alone, witnessed, voterless]) await until(() => confirm())
    // What a cut does: the order to follow the new primary does not arrive.
    for (const user of ['default', 'operator'])
      await deposed.cli('ACL', 'SETUSER', user, '-replicaof', '-slaveof')
    deposed.pause()
    await until(async () => (await group.currentPrimary()) !== deposed)
    deposed.resume()
    await connected(pinned)
    for (const { environment, confirm, isConfirmed } of [alone, witnessed, voterless]) {
      await environment.advance(F + 1)
      expect([await confirm(), await confirm(), isConfirmed()]).toEqual([false, false, false])
    }
    expect(await deposed.cli('SET', 'any', 'lost')).toBe('OK')
    expect(await deposed.cli('GET', 'any')).toBe('lost')
    const follower = watch(await following(), { voters: 2 })
    await until(() => follower.confirm())
    expect(follower.outcomes()['acknowledged']).toBeUndefined()
  })
})

describe('a cluster of three primaries with a replica each', { timeout: PATIENT_MS }, () => {
  const TAGS = 16

  it('is confirmed primary by primary, by one key on each', async () => {
    const cluster = await startCluster({ replicas: 1 })
    try {
      const port = await connected(nodeRedis({ cluster: cluster.urls }))
      const { confirm, isConfirmed, environment, layout } = watch(port, { voters: 1, tags: TAGS })
      const tags = Array.from({ length: TAGS }, (_, tag) => tag)
      const areConfirmed = async (some: readonly number[]): Promise<boolean> => {
        const answers = []
        for (const tag of some) answers.push(await confirm(tag))
        return answers.every(Boolean)
      }
      await until(() => areConfirmed(tags))
      const primaries = cluster.nodes.slice(0, 3)
      const beats = await Promise.all(primaries.map((node) => node.cli('KEYS', '*:beat:*')))
      expect(beats.map((keys) => keys.split('\n').filter(Boolean).length)).toEqual([1, 1, 1])

      const slot = await cluster.slotOf(layout.beatKey(0, ''))
      const [first, second] = primaries as [RedisServer, RedisServer]
      await cluster.migrate(slot, second)
      await until(() => areConfirmed(tags))

      first.pause()
      await environment.advance(F + 1)
      expect([await confirm(1), isConfirmed(1)]).toEqual([false, false])
      await until(() => areConfirmed([0, 15]))
      await until(() => areConfirmed(tags))
      first.resume()
    } finally {
      await cluster.stop()
    }
  })
})
