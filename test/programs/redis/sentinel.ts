/** A primary, its replicas, and the Sentinels that replace it when it dies. */
import type { Place } from '../server-process.ts'
import { orStopped, startAll, stopAll } from './group.ts'
import { answerOf, OPERATOR, type RedisServer, startRedisProcess, until } from './process.ts'
import type { Answer } from './resp.ts'
import { type RedisOptions, startRedis } from './server.ts'

export interface SentinelOptions extends Pick<RedisOptions, 'config' | 'users' | 'appendonly'> {
  /** Default 2. */
  readonly replicas?: number
  /** Default 3; a majority of them decides. */
  readonly sentinels?: number
}

export interface RedisSentinels {
  /** What the Sentinels call the primary. */
  readonly name: string
  readonly sentinels: readonly SentinelServer[]
  /** Which one it was at the start. */
  readonly primary: RedisServer
  /** Which ones they were at the start. */
  readonly replicas: readonly RedisServer[]
  /** The one that most Sentinels name now. */
  readonly currentPrimary: () => Promise<RedisServer>
  readonly stop: () => Promise<void>
}

export interface SentinelServer extends RedisServer {
  readonly host: string
}

const NAME = 'sojourn'
/** Sentinels look and talk every few seconds; tests do not wait for that. Any pause sends them into `TILT`, which is cut short. */
const HASTE = ['INFO-PERIOD', '500', 'PUBLISH-PERIOD', '200', 'ASK-PERIOD', '200', 'TILT-PERIOD', '1000']

/**
 * Resolves when all Sentinels know all replicas and each other. They notice after a second that a server is gone; until
 * another one is the primary takes about three.
 */
export async function startSentinel(options: SentinelOptions = {}): Promise<RedisSentinels> {
  const { replicas = 2, sentinels = 3, ...data } = options
  const primary = await startRedis(data)
  const copies = await orStopped([primary], () =>
    startAll(repeated(replicas, () => startRedis({ ...data, replicaOf: primary }))),
  )
  const servers = [primary, ...copies]
  const watchers = await orStopped(servers, () =>
    startAll(repeated(sentinels, () => startWatcher(primary, majorityOf(sentinels)))),
  )
  await orStopped([...servers, ...watchers], () => untilAllKnown(watchers, replicas))
  return {
    name: NAME,
    sentinels: watchers,
    primary,
    replicas: copies,
    currentPrimary: () => primaryNamedBy(watchers, servers),
    stop: () => stopAll([...watchers, ...servers]),
  }
}

async function startWatcher(primary: RedisServer, quorum: number): Promise<SentinelServer> {
  const server = await startRedisProcess({
    mode: '--sentinel',
    config: ({ ports: [port = 0] }: Place) => [
      `port ${port}`,
      `sentinel monitor ${NAME} 127.0.0.1 ${primary.port} ${quorum}`,
      `sentinel down-after-milliseconds ${NAME} 1000`,
      `sentinel failover-timeout ${NAME} 3000`,
      `sentinel parallel-syncs ${NAME} 8`,
      `sentinel auth-user ${NAME} ${OPERATOR}`,
      `sentinel auth-pass ${NAME} ${OPERATOR}`,
    ],
  })
  const hasten = (): Promise<string> => server.cli('SENTINEL', 'DEBUG', ...HASTE)
  await hasten()
  return {
    ...server,
    get pid() {
      return server.pid
    },
    host: '127.0.0.1',
    async restart() {
      await server.restart()
      await hasten()
    },
  }
}

async function untilAllKnown(watchers: readonly RedisServer[], replicas: number): Promise<void> {
  const knowsAll = async (watcher: RedisServer): Promise<boolean> => {
    const state = fieldsOf(await answerOf(watcher, ['SENTINEL', 'MASTER', NAME]))
    return (
      state.get('flags') === 'master' &&
      state.get('num-slaves') === String(replicas) &&
      state.get('num-other-sentinels') === String(watchers.length - 1) &&
      typeof (await answerOf(watcher, ['SENTINEL', 'CKQUORUM', NAME])) === 'string'
    )
  }
  await until('all Sentinels know all replicas and each other', () => holdsForAll(watchers, knowsAll))
}

async function primaryNamedBy(
  watchers: readonly RedisServer[],
  servers: readonly RedisServer[],
): Promise<RedisServer> {
  const question = ['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', NAME]
  const answers = await Promise.all(watchers.map((watcher) => answerOf(watcher, question)))
  const ports = answers.flatMap((answer) => (Array.isArray(answer) ? [Number(answer[1])] : []))
  const named = servers.find(
    ({ port }) => ports.filter((other) => other === port).length >= majorityOf(watchers.length),
  )
  if (named === undefined) throw new Error('No majority of the Sentinels names the same primary.')
  return named
}

function fieldsOf(answer: Answer | undefined): ReadonlyMap<string, string> {
  const flat = Array.isArray(answer) ? answer.map(String) : []
  return new Map(flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1] ?? '']] : [])))
}

async function holdsForAll<T>(items: readonly T[], holds: (item: T) => Promise<boolean>): Promise<boolean> {
  return (await Promise.all(items.map(holds))).every(Boolean)
}

function majorityOf(count: number): number {
  return Math.floor(count / 2) + 1
}

function repeated<T>(count: number, make: () => T): T[] {
  return Array.from({ length: count }, make)
}
