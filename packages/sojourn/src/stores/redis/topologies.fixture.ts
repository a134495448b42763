/** Real servers in each topology and real drivers, for the tests of this folder. */
import { startCluster, startRedis, startSentinel } from 'sojourn-test-programs'
import { turn } from '../../environment/turn.ts'
import { ioRedis } from './ioredis.ts'
import { nodeRedis } from './node-redis.ts'
import type { RedisPort } from './port.ts'

export interface Ground {
  /** A driver's connection to these servers. The caller closes it. */
  readonly open: (driver: Driver) => RedisPort
  /** How many replicas each primary has. */
  readonly voters: number
  readonly stop: () => Promise<void>
}

/** What both drivers' ports take. */
type Address =
  | { readonly url: string }
  | { readonly sentinels: readonly { readonly host: string; readonly port: number }[]; readonly name: string }
  | { readonly cluster: readonly string[] }

export type Driver = keyof typeof PORTS

const PORTS = { 'node-redis': nodeRedis, ioredis: ioRedis } as const

export const DRIVERS: readonly Driver[] = ['node-redis', 'ioredis']
export const TOPOLOGIES: readonly RedisPort['traits']['topology'][] = ['single', 'sentinel', 'cluster']
/** Groups of servers take some three seconds to agree. */
export const PATIENT_MS = 120_000

export async function start(topology: RedisPort['traits']['topology']): Promise<Ground> {
  if (topology === 'single') {
    const { url, stop } = await startRedis()
    return groundAt({ url }, 0, stop)
  }
  if (topology === 'cluster') {
    const { urls: cluster, stop } = await startCluster({ replicas: 1 })
    return groundAt({ cluster }, 1, stop)
  }
  const { sentinels, name, stop } = await startSentinel({ replicas: 2 })
  return groundAt({ sentinels: sentinels.map(({ host, port }) => ({ host, port })), name }, 2, stop)
}

function groundAt(address: Address, voters: number, stop: () => Promise<void>): Ground {
  return { open: (driver) => PORTS[driver](address), voters, stop }
}

/** Resolves when the port answers; in a cluster, when the primary does that has the key. */
export async function connected(port: RedisPort, key = 'any'): Promise<RedisPort> {
  const options = { key, readonly: true }
  while (!(await port.command(['PING'], options).then(isPong, () => false))) await turn()
  return port
}

function isPong(reply: unknown): boolean {
  return String(reply) === 'PONG'
}
