/**
 * Many short rounds in turn: the bare server, then a path, then the bare server again, so that what slows the machine
 * slows both, and only neighbours are compared.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type MeasuredServer, startServer } from './measured-server.ts'
import { BARE, type BenchPath } from './paths.ts'
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
  /** Calls to the store. */
  readonly commandsPerRequest?: number
  readonly bytesPerSession?: number
  /** The store's write of this path on top of the base, and what the path adds besides it. */
  readonly storeWriteMicros?: number
  readonly cpuMicrosAddedBesidesWrite?: number
  /** With everything that waits: one request after another on 16 connections. */
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
  readonly bare: number[]
  readonly own: number[]
  readonly added: number[]
  readonly written: number[]
  readonly wall: number[]
}

const WARM_UP_ROUNDS = 6

export async function measure(
  paths: readonly BenchPath[],
  { rounds, onProgress }: MeasureOptions,
): Promise<readonly Row[]> {
  const bare = await startServer(BARE)
  const contestants: Contestant[] = []
  try {
    for (const path of paths) {
      onProgress(`starting ${path.path}`)
      contestants.push(await contestant(path))
    }
    for (let round = -WARM_UP_ROUNDS; round < rounds; round++) {
      onProgress(round < 0 ? 'warming up' : `round ${round + 1} of ${rounds}`)
      for (const each of contestants) await oneRound(each, { bare, keep: round >= 0 })
    }
    const rows: Row[] = []
    for (const each of contestants) {
      onProgress(`counting ${each.path.path}`)
      rows.push(await rowOf(each))
    }
    return rows
  } finally {
    const servers = [
      bare,
      ...contestants.flatMap(({ write }) => write ?? []),
      ...contestants.map(({ server }) => server),
    ]
    await Promise.all(servers.map((server) => server.stop()))
  }
}

async function contestant(path: BenchPath): Promise<Contestant> {
  const server = await startServer(path.server)
  const write = path.write === undefined ? undefined : await startServer(path.write)
  return { path, server, write, bare: [], own: [], added: [], written: [], wall: [] }
}

const ANY_REQUEST = ['GET / HTTP/1.1\r\nHost: localhost\r\n\r\n']

async function oneRound(
  { path, server, write, ...kept }: Contestant,
  { bare, keep }: { readonly bare: MeasuredServer; readonly keep: boolean },
): Promise<void> {
  const requests = server.requests.length === 0 ? ANY_REQUEST : server.requests
  const base = await bare.round(requests, path.count)
  const own = await server.round(requests, path.count)
  const written = await write?.round(requests, path.count)
  if (!keep) return
  kept.bare.push(base.cpuMicros)
  kept.own.push(own.cpuMicros)
  kept.added.push(own.cpuMicros - base.cpuMicros)
  kept.wall.push(own.wallMicros)
  if (written !== undefined) kept.written.push(written.cpuMicros - base.cpuMicros)
}

async function rowOf({ path, ...kept }: Contestant): Promise<Row> {
  const cpu = spreadOf(kept.own)
  const added = spreadOf(kept.added)
  return {
    path: path.path,
    system: path.system,
    base: 'node:http',
    cpuMicros: tenth(cpu.median),
    cpuMicrosAdded: tenth(added.median),
    cpuMicrosAddedQ1: tenth(added.lowerQuartile),
    cpuMicrosAddedQ3: tenth(added.upperQuartile),
    cpuMicrosAddedAtBest: tenth(cpu.least - spreadOf(kept.bare).least),
    ratioToBare: Math.round((cpu.median / spreadOf(kept.bare).median) * 100) / 100,
    wallMicros: tenth(spreadOf(kept.wall).median),
    ...(path.target === undefined ? {} : { targetMicros: path.target }),
    ...besidesWrite(kept.written, added),
    ...(path.system === 'node:http' ? {} : { commandsPerRequest: await commandsOf(path) }),
    ...(path.bytes === undefined ? {} : { bytesPerSession: bytesOf(path.bytes) }),
  }
}

function besidesWrite(written: readonly number[], added: Spread): Partial<Row> {
  if (written.length === 0) return {}
  const { median } = spreadOf(written)
  return { storeWriteMicros: tenth(median), cpuMicrosAddedBesidesWrite: tenth(added.median - median) }
}

/** In a process of its own, because counting costs. */
async function commandsOf({ server }: BenchPath): Promise<number> {
  const counting = await startServer({ ...server, counting: true })
  const { storeCalls } = await counting.round(counting.requests, 1_000)
  await counting.stop()
  return Math.round(storeCalls * 100) / 100
}

function bytesOf(store: string): number {
  const directory = mkdtempSync(SCRATCH_PREFIX)
  const main = fileURLToPath(new URL('./sojourn/bytes.ts', import.meta.url))
  try {
    return Number(
      execFileSync(process.execPath, ['--expose-gc', main, store, directory], { encoding: 'utf8' }),
    )
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
