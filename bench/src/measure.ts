/**
 * Many short rounds in turn: a path's base, the path, the next path's base, that path, so that what slows the machine
 * slows both, and only neighbours are compared.
 */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type MeasuredServer, type ServerOptions, startServer } from './measured-server.ts'
import type { Load } from './client.ts'
import { type BenchPath, bare } from './paths.ts'
import { startMemcached } from 'sojourn-test-programs'
import { commandsDuring, type RedisServer, startRedis } from './redis/server.ts'
import { SCRATCH_PREFIX } from './scratch.ts'
import { type Spread, spreadOf, tenth } from './statistics.ts'

/** One row of the JSON document; what does not apply is left out. */
export interface Row {
  readonly path: string
  readonly system: string
  readonly base: string
  /** CPU of one request in microseconds: median over the rounds. */
  readonly cpuMicros: number
  /** On top of the base: median of the differences of neighbouring rounds, and between what the middle half lies. */
  readonly cpuMicrosAdded: number
  readonly cpuMicrosAddedQ1: number
  readonly cpuMicrosAddedQ3: number
  /** The cheapest round less the base's cheapest: what others on the machine do can only add to either. */
  readonly cpuMicrosAddedAtBest: number
  readonly ratioToBare: number
  /** Calls to the store; on Redis what its own statistics say, and how many of them ran a script. */
  readonly commandsPerRequest?: number
  readonly scriptsPerRequest?: number
  readonly connections?: number
  readonly bytesPerSession?: number
  /** The store's write of this path on top of the base, and what the path adds besides it. */
  readonly storeWriteMicros?: number
  readonly cpuMicrosAddedBesidesWrite?: number
  /** With everything that waits: one request after another on each connection. */
  readonly wallMicros: number
  readonly targetMicros?: number
}

export interface MeasureOptions {
  readonly rounds: number
  readonly onProgress: (text: string) => void
}

interface Contestant {
  readonly path: BenchPath
  readonly server: MeasuredServer
  readonly write: MeasuredServer | undefined
  readonly bare: MeasuredServer
  readonly base: number[]
  readonly own: number[]
  readonly added: number[]
  readonly written: number[]
  readonly wall: number[]
}

const WARM_UP_ROUNDS = 6
const COUNTED = 1_000

export async function measure(
  paths: readonly BenchPath[],
  { rounds, onProgress }: MeasureOptions,
): Promise<readonly Row[]> {
  const servers: MeasuredServer[] = []
  const redis = paths.some((path) => path.onRedis) ? await startRedis() : undefined
  const memcached = paths.some((path) => path.onMemcached) ? await startMemcached() : undefined
  const addresses = { redis: redis?.url ?? '', memcached: memcached?.address ?? '' }
  const start = async (options: ServerOptions): Promise<MeasuredServer> => {
    const server = await startServer({ ...addresses, ...options })
    servers.push(server)
    return server
  }
  try {
    onProgress('starting')
    const contestants = await contestantsOf(paths, start)
    for (let round = -WARM_UP_ROUNDS; round < rounds; round++) {
      onProgress(round < 0 ? 'warming up' : `round ${round + 1} of ${rounds}`)
      for (const each of contestants) await oneRound(each, { keep: round >= 0 })
    }
    onProgress('counting')
    const rows: Row[] = []
    for (const each of contestants) rows.push(await rowOf(each, { redis, addresses }))
    return rows
  } finally {
    await Promise.all(servers.map((server) => server.stop()))
    await Promise.all([redis?.stop(), memcached?.stop()])
  }
}

/** All start at once: that is much work, and none of it is measured. */
async function contestantsOf(
  paths: readonly BenchPath[],
  start: (options: ServerOptions) => Promise<MeasuredServer>,
): Promise<readonly Contestant[]> {
  const names = [...new Set(paths.map(({ base }) => base))]
  const bases = new Map(names.map((name) => [name, start(bare(name))]))
  return await Promise.all(
    paths.map(async (path) => {
      const [base, server, write] = await Promise.all([
        bases.get(path.base) as Promise<MeasuredServer>,
        start(path.server),
        path.write === undefined ? undefined : start(path.write),
      ])
      return { path, bare: base, server, write, base: [], own: [], added: [], written: [], wall: [] }
    }),
  )
}

const ANY_REQUEST = ['GET / HTTP/1.1\r\nHost: localhost\r\n\r\n']

async function oneRound(
  { path, bare: bareServer, server, write, ...kept }: Contestant,
  { keep }: { readonly keep: boolean },
): Promise<void> {
  const load = loadOf(path, server)
  const base = await bareServer.round(load)
  if (path.warmUp !== undefined) await server.round({ ...load, count: path.warmUp })
  const own = await server.round(load)
  const written = await write?.round(load)
  if (!keep) return
  kept.base.push(base.cpuMicros)
  kept.own.push(own.cpuMicros)
  kept.added.push(own.cpuMicros - base.cpuMicros)
  kept.wall.push(own.wallMicros)
  if (written !== undefined) kept.written.push(written.cpuMicros - base.cpuMicros)
}

function loadOf({ count, connections }: BenchPath, { requests }: MeasuredServer): Load {
  return {
    requests: requests.length === 0 ? ANY_REQUEST : requests,
    count,
    ...(connections === undefined ? {} : { connections }),
  }
}

async function rowOf({ path, ...kept }: Contestant, servers: Servers): Promise<Row> {
  const cpu = spreadOf(kept.own)
  const added = spreadOf(kept.added)
  return {
    path: path.path,
    system: path.system,
    base: path.base,
    cpuMicros: tenth(cpu.median),
    cpuMicrosAdded: tenth(added.median),
    cpuMicrosAddedQ1: tenth(added.lowerQuartile),
    cpuMicrosAddedQ3: tenth(added.upperQuartile),
    cpuMicrosAddedAtBest: tenth(cpu.least - spreadOf(kept.base).least),
    ratioToBare: Math.round((cpu.median / spreadOf(kept.base).median) * 100) / 100,
    wallMicros: tenth(spreadOf(kept.wall).median),
    ...(path.target === undefined ? {} : { targetMicros: path.target }),
    ...besidesWrite(kept.written, added),
    ...(path.connections === undefined ? {} : { connections: path.connections }),
    ...(path.system === path.base ? {} : await commandsOf(path, { server: kept.server, ...servers })),
    ...(path.bytes === undefined ? {} : { bytesPerSession: await bytesOf(path.bytes) }),
  }
}

function besidesWrite(written: readonly number[], added: Spread): Partial<Row> {
  if (written.length === 0) return {}
  const { median } = spreadOf(written)
  return { storeWriteMicros: tenth(median), cpuMicrosAddedBesidesWrite: tenth(added.median - median) }
}

/** Of the run. */
interface Servers {
  readonly redis: RedisServer | undefined
  readonly addresses: Pick<ServerOptions, 'redis' | 'memcached'>
}

interface Counted extends Servers {
  readonly server: MeasuredServer
}

async function commandsOf(path: BenchPath, { server, redis, addresses }: Counted): Promise<Partial<Row>> {
  if (redis === undefined || !path.onRedis) return { commandsPerRequest: await storeCallsOf(path, addresses) }
  const load = { ...loadOf(path, server), count: COUNTED }
  await server.round(load)
  const { commands, scripts } = await commandsDuring(redis, {
    count: COUNTED,
    work: () => server.round(load),
  })
  return { commandsPerRequest: commands, scriptsPerRequest: scripts }
}

/** In a process of its own, because counting costs. */
async function storeCallsOf({ server }: BenchPath, addresses: Servers['addresses']): Promise<number> {
  const counting = await startServer({ ...addresses, ...server, counting: true })
  const { storeCalls } = await counting.round({ requests: counting.requests, count: COUNTED })
  await counting.stop()
  return Math.round(storeCalls * 100) / 100
}

async function bytesOf(store: string): Promise<number> {
  const directory = await mkdtemp(SCRATCH_PREFIX)
  const main = fileURLToPath(new URL('./sojourn/bytes.ts', import.meta.url))
  try {
    const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', main, store, directory])
    return Number(stdout)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
