/** `redis-server` as a process, whatever it serves: data, a part of a cluster, or a Sentinel. */
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { DevelopmentCertificate } from '../certificate.ts'
import { type Place, type RunningServer, startServer } from '../server-process.ts'
import { type Answer, ask, printed } from './resp.ts'

export interface RedisServer extends RunningServer {
  readonly port: number
  /** `redis://host:…`, or `rediss:` with TLS. Without a user. */
  readonly url: string
  /** Absent where it does not speak TLS. */
  readonly tls?: DevelopmentCertificate
  /**
   * One command on a connection of its own, by a user of its own, `operator`, who may do everything. What `redis-cli`
   * would print; an error that the server answers rejects with its text. A paused server answers when it goes on.
   */
  readonly cli: (...args: readonly (string | Buffer)[]) => Promise<string>
}

export interface RedisProcess {
  readonly config: (place: Place) => readonly string[]
  /** On the command line. Default none. */
  readonly mode?: '--sentinel'
  /** An address of loopback. Default 127.0.0.1. */
  readonly host?: string
  /** Of its process. Default none. */
  readonly env?: Readonly<Record<string, string>>
  /** How many ports it needs; clients are served on the first. Default 1. */
  readonly ports?: number
  readonly tls?: DevelopmentCertificate
}

/** Sentinels and replicas sign in with it too. Its password is its name: it lives on loopback, for a test. */
export const OPERATOR = 'operator'
const POLL_MS = 10
const PATIENCE_MS = 60_000
/** What is paused does not answer, and must not hold up whoever asks all. */
const MOST_SILENCE_MS = 1_000

export async function startRedisProcess({
  config,
  mode,
  host,
  env = {},
  ports = 1,
  tls,
}: RedisProcess): Promise<RedisServer> {
  const server = await startServer(
    {
      name: 'redis-server',
      ...(host === undefined ? {} : { host }),
      env,
      args: ({ folder }) => [join(folder, 'redis.conf'), ...(mode === undefined ? [] : [mode])],
      files: (place) => ({
        'redis.conf': [...common(place), ...config(place), ''].join('\n'),
        ...(tls === undefined ? {} : { 'tls.pem': tls.cert + tls.key }),
      }),
      isUp: async ({ folder }, pid) => isServing(await answerOf({ folder }, ['INFO']), pid),
      deathSignal: 'KILL',
    },
    ports,
  )
  const [port = 0] = server.ports
  return {
    ...server,
    get pid() {
      return server.pid
    },
    port,
    url: `${tls === undefined ? 'redis' : 'rediss'}://${server.host}:${port}`,
    ...(tls === undefined ? {} : { tls }),
    cli: async (...args) => printed(await ask(args, { path: socketOf(server), user: OPERATOR })),
  }
}

/** What it says, an error included; `undefined` when it is gone or silent for a second. */
export async function answerOf(
  server: Pick<Place, 'folder'>,
  args: readonly string[],
): Promise<Answer | undefined> {
  const question = { path: socketOf(server), user: OPERATOR, timeoutMs: MOST_SILENCE_MS }
  return ask(args, question).catch(() => undefined)
}

/** Asks again and again until it is as it should be, or says what it waited for. */
export async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const giveUpAt = performance.now() + PATIENCE_MS
  while (!(await isSo())) {
    if (performance.now() > giveUpAt) throw new Error(`It does not come about that ${what}.`)
    await delay(POLL_MS)
  }
}

function common({ folder, host }: Place): readonly string[] {
  return [
    `bind ${host}`,
    // Sentinels, replicas and nodes of a cluster are known by where their connections come from.
    `bind-source-addr ${host}`,
    'protected-mode no',
    `dir ${folder}`,
    `unixsocket ${socketOf({ folder })}`,
    'unixsocketperm 700',
    `user ${OPERATOR} on nopass ~* &* +@all`,
  ]
}

function socketOf({ folder }: Pick<Place, 'folder'>): string {
  return join(folder, 'redis.sock')
}

function isServing(info: Answer | undefined, pid: number): boolean {
  return typeof info === 'string' && info.includes(`process_id:${pid}\r\n`) && !info.includes('\r\nloading:1')
}
