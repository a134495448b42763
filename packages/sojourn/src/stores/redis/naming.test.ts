/**
 * Whether a primary is named is known as soon as a majority has said so: a heartbeat has less time than a silent server
 * is given. The clock of the port stands still, so nobody who waits for a silent one is ever answered.
 */
import { type RedisServer, startCluster, startSentinel } from 'sojourn-test-programs'
import { expect, onTestFinished, test } from 'vitest'
import { fakeEnvironment } from '../../testing/fake-environment.ts'
import { ioRedis } from './ioredis.ts'
import { nodeRedis } from './node-redis.ts'
import type { RedisPort } from './port.ts'
import { connected, PATIENT_MS } from './topologies.fixture.ts'

const OPEN = [
  ['node-redis', nodeRedis],
  ['ioredis', ioRedis],
] as const

test.each(OPEN)(
  'through %s, one Sentinel that is silent holds up nobody',
  { timeout: PATIENT_MS },
  async (_, open) => {
    const group = await startSentinel({ replicas: 1 })
    onTestFinished(group.stop)
    const sentinels = group.sentinels.map(({ host, port }) => ({ host, port }))
    const port = await opened(open({ sentinels, name: group.name, environment: fakeEnvironment() }))
    paused(group.sentinels[2])
    expect(await port.isNamedPrimary?.('any')).toBe(true)
  },
)

test.each(OPEN)(
  'through %s, one primary that is silent holds up nobody',
  { timeout: PATIENT_MS },
  async (_, open) => {
    const cluster = await startCluster()
    onTestFinished(cluster.stop)
    const port = await opened(open({ cluster: cluster.urls, environment: fakeEnvironment() }))
    const owner = await cluster.primaryOf(await cluster.slotOf('any'))
    paused(cluster.nodes.find((node) => node !== owner))
    expect(await port.isNamedPrimary?.('any')).toBe(true)
  },
)

async function opened(port: RedisPort): Promise<RedisPort> {
  onTestFinished(() => port.close())
  await connected(port)
  for (const key of ['{0}', '{1}', '{2}', '{3}', '{4}', '{5}', '{6}', '{7}']) await connected(port, key)
  return port
}

function paused(server: RedisServer | undefined): void {
  server?.pause()
  onTestFinished(() => server?.resume())
}
