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
  /** Of loopback, one for each: the primary, the replicas, the Sentinels. Default 127.0.0.1 for all. */
  readonly hosts?: readonly string[]
  /** Of the replicas' processes. Default none. */
  readonly replicaEnv?: Readonly<Record<string, string>>
}

export interface RedisSentinels {
  /** What the Sentinels call the primary. */
  readonly name: string
  readonly sentinels: readonly RedisServer[]
  /** Which one it was at the start. */
  readonly primary: RedisServer
  /** Which ones they were at the start. */
  readonly replicas: readonly RedisServer[]
  /** The one that most Sentinels name now. */
  readonly currentPrimary: () => Promise<RedisServer>
  readonly stop: () => Promise<void>
}

const NAME = 'sojourn'
/** Sentinels look and talk every few seconds; tests do not wait for that. Any pause sends them into `TILT`, which is cut short. */
const HASTE = ['INFO-PERIOD', '500', 'PUBLISH-PERIOD', '200', 'ASK-PERIOD', '200', 'TILT-PERIOD', '1000']

/**
 * Resolves when all Sentinels know all replicas and each other. They notice after a second that a server is gone; until
 * another one is the primary takes about three.
 */
export async function startSentinel(options: SentinelOptions = {}): Promise<RedisSentinels> {
  const { replicas = 2, sentinels = 3, hosts = [], replicaEnv = {}, ...data } = options
  const [primaryAt, copiesAt, watchersAt] = placed(hosts, replicas)
  const primary = await startRedis({ ...data, ...on(primaryAt) })
  const copies = await orStopped([primary], () =>
    startAll(
      repeated(replicas, (index) =>
        startRedis({ ...data, ...on(copiesAt[index]), env: replicaEnv, replicaOf: primary }),
      ),
    ),
  )
  const servers = [primary, ...copies]
  const watchers = await orStopped(servers, () =>
    startAll(
      repeated(sentinels, (index) =>
        startWatcher(primary, { quorum: majorityOf(sentinels), host: watchersAt[index] }),
      ),
    ),
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

async function startWatcher(
  primary: RedisServer,
  { quorum, host }: { readonly quorum: number; readonly host: string | undefined },
): Promise<RedisServer> {
  const server = await startRedisProcess({
    mode: '--sentinel',
    ...on(host),
    config: ({ ports: [port = 0] }: Place) => [
      `port ${port}`,
      `sentinel monitor ${NAME} ${primary.host} ${primary.port} ${quorum}`,
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
  const addresses = answers.flatMap((answer) => (Array.isArray(answer) ? [answer.join(':')] : []))
  const named = servers.find(
    ({ host, port }) =>
      addresses.filter((address) => address === `${host}:${port}`).length >= majorityOf(watchers.length),
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

function placed(
  hosts: readonly string[],
  replicas: number,
): readonly [string | undefined, readonly string[], readonly string[]] {
  const [first, ...others] = hosts
  return [first, others.slice(0, replicas), others.slice(replicas)]
}

function on(host: string | undefined): { readonly host?: string } {
  return host === undefined ? {} : { host }
}

function repeated<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index))
}
