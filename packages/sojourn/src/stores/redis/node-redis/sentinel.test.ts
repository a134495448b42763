import { startSentinel } from 'sojourn-test-programs'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { nodeRedis, type SentinelOptions } from '../node-redis.ts'
import type { RedisPort } from '../port.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })
const patience = { timeout: 60_000, interval: 20 }
const reads = { key: 'k', readonly: true }

let group: Awaited<ReturnType<typeof startSentinel>>
beforeAll(async () => {
  group = await startSentinel({})
})
afterAll(() => group.stop())

function opened(options: Partial<SentinelOptions> = {}): RedisPort {
  const sentinels = group.sentinels.map(({ host, port }) => ({ host, port }))
  const port = nodeRedis({ sentinels, name: group.name, ...options })
  onTestFinished(() => port.close())
  return port
}

test('a name that no Sentinel knows is told', async () => {
  await expect(opened({ name: 'nobody' }).command(['PING'], reads)).rejects.toThrow('`nobody`')
})

test('Sentinels that ask for a password of their own get it, and the primary gets its own', async () => {
  for (const { cli } of group.sentinels) await cli('ACL', 'SETUSER', 'guard', 'on', '>g', '+@all')
  await group.primary.cli('ACL', 'SETUSER', 'app', 'on', '>a', '~*', '+@all')
  const port = opened({
    username: 'app',
    password: 'a',
    sentinelCredentials: { username: 'guard', password: 'g' },
  })
  expect(String(await port.command(['ACL', 'WHOAMI'], reads))).toBe('app')
  const wrong = opened({ sentinelCredentials: { username: 'guard', password: 'wrong' } })
  await expect(wrong.command(['PING'], reads)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
})

test('a server that Sentinels name and that says it is no primary is not used', async () => {
  const [replica] = group.replicas
  const lying = opened({ sentinels: [{ host: '127.0.0.1', port: group.sentinels[0]?.port as number }] })
  await lying.command(['PING'], reads)
  await group.primary.cli('REPLICAOF', '127.0.0.1', String(replica?.port))
  await group.primary.cli('CLIENT', 'KILL', 'USER', 'default')
  const role = await vi.waitFor(() => lying.command(['ROLE'], reads), patience)
  expect(String((role as readonly unknown[])[0])).toBe('master')
})
