/** Real servers that are well, in each topology, and what the doctor says of them through each driver. */
import { randomBytes } from 'node:crypto'
import type { Environment } from 'sojourn'
import { type Examination, examine, type Examined } from 'sojourn/doctor'
import { redisStore, type RedisPort, type RedisStoreOptions } from 'sojourn/stores/redis'
import { ioRedis } from 'sojourn/stores/redis/ioredis'
import { nodeRedis } from 'sojourn/stores/redis/node-redis'
import { expect, onTestFinished } from 'vitest'
import {
  type RedisCluster,
  type RedisOptions,
  type RedisSentinels,
  type RedisServer,
  startCluster,
  startRedis,
  startSentinel,
} from '../programs/index.ts'

/** What both drivers' ports take. */
type Address = { readonly username?: string; readonly password?: string } & (
  | { readonly url: string }
  | { readonly sentinels: readonly { readonly host: string; readonly port: number }[]; readonly name: string }
  | { readonly cluster: readonly string[] }
)

export type Driver = keyof typeof PORTS

const PORTS = { 'node-redis': nodeRedis, ioredis: ioRedis } as const

export const DRIVERS: readonly Driver[] = ['node-redis', 'ioredis']

/** As docs/doctor.md says that a server is well. */
const SOUND: RedisOptions = {
  appendonly: true,
  config: ['appendfsync always', 'hash-max-listpack-value 1024', 'enable-protected-configs yes'],
}

/** However busy this machine is: a deadline as long as it may be, of which questions have their patience. */
const UNHURRIED: Pick<Examined, 'deadline'> = { deadline: '10s' }

export async function soundRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const config = [...(SOUND.config ?? []), ...(options.config ?? [])]
  return settled(ending(await startRedis({ ...SOUND, ...options, config })))
}

/** While it writes its first append-only file, as a replica does after its first copy, it cannot be stopped. */
export async function settled(server: RedisServer): Promise<RedisServer> {
  await expect
    .poll(() => server.cli('INFO', 'persistence'), { timeout: 60_000 })
    .toMatch(/aof_rewrite_in_progress:0\r\naof_rewrite_scheduled:0/)
  return server
}

/** Two replicas, all counted by `voters: 2`. */
export async function soundSentinel(
  users: readonly string[] = [],
): Promise<RedisSentinels & { readonly address: Address }> {
  const group = ending(
    await startSentinel({ ...SOUND, users, config: [...(SOUND.config ?? []), 'min-replicas-to-write 1'] }),
  )
  await Promise.all([group.primary, ...group.replicas].map(settled))
  const sentinels = group.sentinels.map(({ host, port }) => ({ host, port }))
  return Object.assign(group, { address: { sentinels, name: group.name } })
}

export async function soundCluster(
  replicas: 0 | 1,
  users: readonly string[] = [],
): Promise<RedisCluster & { readonly address: Address }> {
  const group = ending(await startCluster({ ...SOUND, users, replicas }))
  await Promise.all(group.nodes.map(settled))
  return Object.assign(group, { address: { cluster: group.urls } })
}

export function ending<T extends { readonly stop: () => Promise<void> }>(servers: T): T {
  onTestFinished(() => servers.stop())
  return servers
}

interface Patient {
  readonly driver?: Driver
  readonly store?: Omit<RedisStoreOptions, 'redis'>
  readonly options?: Omit<Examined, 'store'>
}

/** Through a connection of its own, or a port that is given. */
export async function examined(
  at: Address | RedisPort,
  { driver = 'node-redis', store: storeOptions, options = {} }: Patient = {},
): Promise<Examination> {
  const redis = 'command' in at ? at : opened(at, driver)
  const store = redisStore({ redis, ...storeOptions })
  const found = await examine({ store, ...UNHURRIED, ...options })
  await store.close()
  return found
}

/** The codes, once each, in their order. Fails where something could not be looked at. */
export async function codesOf(at: Address | RedisPort, patient?: Patient): Promise<readonly string[]> {
  const { findings, unseen } = await examined(at, patient)
  if (unseen.length > 0) throw new Error(`Unseen: ${JSON.stringify(unseen)}`)
  return [...new Set(findings.map(({ code }) => code))]
}

export function opened(at: Address, driver: Driver): RedisPort {
  const port = PORTS[driver](at)
  onTestFinished(() => port.close())
  return port
}

/** This machine's, but for a wall clock that is set wrongly. */
export function clockAhead(ms: number): Environment {
  return {
    now: () => Date.now() + ms,
    monotonic: () => performance.now(),
    after(delay, run) {
      const timer = setTimeout(run, delay)
      return { cancel: () => clearTimeout(timer) }
    },
    randomBytes: (count) => randomBytes(count),
    jitter: () => Math.random(),
    log: () => {},
  }
}

export const SILENCE: Examination = { findings: [], unseen: [] }
