/**
 * `npm run bench -- --nodes`: up to fifty nodes, each a manager with a near cache and connections of its own, on one
 * Redis: what they send it, what one change sends to them, how many checks a copy answers, how soon all of them refuse
 * what was revoked. Some six minutes; docs/many-nodes.md says what the formulas are.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { createSessions, type Session, type Sessions } from 'sojourn'
import { type RedisServer, startRedis } from '../redis/server.ts'
import { type DriverName, openRedisStore } from '../redis/store.ts'
import { DATA, userNames } from '../content.ts'
import {
  deploymentReadsPerSecond,
  heartbeatsPerSecond,
  hitRatio,
  messagesPerChange,
  pingsPerSecond,
} from './formulas.ts'
import { type Answer, COOKIE, type Figures, type Order, PREFIX, SECRETS } from './process.ts'

export interface NodesRow {
  readonly path: string
  readonly driver: DriverName
  readonly nodes: number
  readonly what: string
  readonly unit: string
  /** Absent where there is no formula. */
  readonly formula?: number
  readonly measured: number
}

const SESSIONS = 500
/** Of each session, a second. */
const RATE = 1
const AFFINITIES = [0, 0.5, 0.9, 1]
const PER_PROCESS = 10
/** Longer than a lease. */
const WARM_UP_MS = 7_000
/** By then the node that signed everybody in is idle, and beats its heart no more. */
const CALM_MS = 17_000
const MEASURED_MS = 8_000
/** As many as are read by all, changed and revoked in turn. */
const SAMPLE = 40

interface Group {
  readonly driver: DriverName
  readonly nodes: number
  readonly server: RedisServer
  /** One more node, in this process, that reads nothing. It changes and revokes. */
  readonly writer: Sessions
  readonly sessions: readonly Session[]
  readonly tell: (order: Order) => Promise<readonly Answer[]>
}

export async function measureNodes(onProgress: (text: string) => void): Promise<readonly NodesRow[]> {
  const rows: NodesRow[] = []
  for (const [driver, nodes] of [
    ['node-redis', 1],
    ['node-redis', 10],
    ['node-redis', 50],
    ['ioredis', 50],
  ] as const) {
    await withGroup(driver, nodes, async (group) => {
      for (const measure of [traffic, hits, messages, refusals]) {
        onProgress(`${driver}, ${nodes} nodes: ${measure.name}`)
        rows.push(...(await measure(group)))
      }
    })
  }
  return rows
}

async function withGroup(
  driver: DriverName,
  nodes: number,
  work: (group: Group) => Promise<void>,
): Promise<void> {
  const server = await startRedis()
  const opened = await openRedisStore(driver, server.url, PREFIX)
  const writer = createSessions({ deployment: 'bench', secrets: SECRETS, store: opened.store })
  const children: ChildProcess[] = []
  const tell = (order: Order): Promise<readonly Answer[]> =>
    Promise.all(children.map((child) => answerOf(child, order)))
  try {
    const { tokens, sessions } = await signedIn(writer)
    const numbers = Array.from({ length: nodes }, (_, number) => number)
    for (let from = 0; from < nodes; from += PER_PROCESS) {
      const child = fork(fileURLToPath(new URL('process.ts', import.meta.url)))
      children.push(child)
      const opening = {
        driver,
        url: server.url,
        nodes: numbers.slice(from, from + PER_PROCESS),
        all: nodes,
        tokens,
      }
      await answerOf(child, { do: 'open', with: opening })
    }
    await work({ driver, nodes, server, writer, sessions, tell })
    await tell({ do: 'close' })
  } finally {
    for (const child of children) child.kill()
    await writer.close()
    await opened.close()
    await server.stop()
  }
}

async function answerOf(child: ChildProcess, order: Order): Promise<Answer> {
  const over = new AbortController()
  const answered = once(child, 'message', over)
  const died = once(child, 'exit', over).then(() => undefined)
  child.send(order)
  try {
    const [answer] = (await Promise.race([answered, died])) ?? []
    if (answer === undefined) throw new Error('A process of the bench has ended.')
    return answer as Answer
  } finally {
    over.abort()
    await Promise.allSettled([answered, died])
  }
}

async function signedIn(
  writer: Sessions,
): Promise<{ readonly tokens: readonly string[]; readonly sessions: readonly Session[] }> {
  const tokens: string[] = []
  const sessions: Session[] = []
  for (const user of userNames(SESSIONS)) {
    const result = await writer.signIn(user, { transport: COOKIE, data: DATA })
    if (result.kind !== 'signed-in') throw new Error(result.reason)
    tokens.push(result.token)
    sessions.push(result.session)
  }
  return { tokens, sessions }
}

/** All of them are served a little, so that each beats its heart. */
async function traffic({ driver, nodes, server, tell }: Group): Promise<readonly NodesRow[]> {
  const load = { checksPerSecond: nodes, affinity: 1, warmUpMs: CALM_MS, measuredMs: MEASURED_MS }
  const loaded = tell({ do: 'load', with: load })
  await new Promise((resolve) => setTimeout(resolve, CALM_MS))
  await server.cli('CONFIG', 'RESETSTAT')
  const [before, begunAt] = [await cpuSeconds(server), performance.now()]
  await loaded
  const stats = await server.cli('INFO', 'commandstats')
  const seconds = (performance.now() - begunAt) / 1_000
  const busy = (100 * ((await cpuSeconds(server)) - before)) / seconds
  const reads = misses(await loaded) / seconds
  const connections = Number(/connected_clients:(\d+)/.exec(await server.cli('INFO', 'clients'))?.[1])
  const row = { path: 'nodes/traffic', driver, nodes }
  const perSecond = (name: string): number => callsOf(stats, name) / seconds
  return [
    {
      ...row,
      what: 'heartbeats',
      unit: 'SET /s',
      formula: heartbeatsPerSecond(nodes, 1),
      measured: perSecond('set'),
    },
    {
      ...row,
      what: 'looks at connections',
      unit: 'PING /s',
      ...(driver === 'node-redis' ? { formula: pingsPerSecond(nodes + 1, 1) } : {}),
      measured: perSecond('ping'),
    },
    {
      ...row,
      what: 'deployment record',
      unit: 'HMGET /s',
      formula: deploymentReadsPerSecond(nodes),
      measured: perSecond('hmget') - reads,
    },
    { ...row, what: 'connections', unit: '', measured: connections },
    { ...row, what: 'Redis is busy', unit: '% of a core', measured: busy },
  ]
}

async function hits({ driver, nodes, tell }: Group): Promise<readonly NodesRow[]> {
  const rows: NodesRow[] = []
  for (const affinity of nodes === 1 ? [1] : AFFINITIES) {
    const checksPerSecond = SESSIONS * RATE
    const load = { checksPerSecond, affinity, warmUpMs: WARM_UP_MS, measuredMs: MEASURED_MS }
    const answers = await tell({ do: 'load', with: load })
    const found = sum(answers, 'hits')
    rows.push({
      path: 'nodes/hits',
      driver,
      nodes,
      what: `affinity ${affinity}`,
      unit: 'hit ratio',
      formula: hitRatio({ nodes, affinity, rate: RATE }),
      measured: found / (found + misses(answers)),
    })
  }
  return rows
}

async function messages(group: Group): Promise<readonly NodesRow[]> {
  const { driver, nodes, tell } = group
  const rows: NodesRow[] = []
  for (const readers of new Set([1, Math.ceil(nodes / 5), nodes])) {
    const chosen = Array.from({ length: SAMPLE }, (_, index) => index)
    // What earlier loads have read is forgotten with this change.
    for (const index of chosen) await changed(group, index, rows.length)
    // Whatever was sent before an answer has come before it.
    await tell({ do: 'read', with: { sessions: [SESSIONS - 1], readers: nodes } })
    await tell({ do: 'read', with: { sessions: chosen, readers } })
    const before = sum(await tell({ do: 'figures' }), 'invalidations')
    for (const index of chosen) await changed(group, index, -1 - rows.length)
    await tell({ do: 'read', with: { sessions: [SESSIONS - 2], readers: nodes } })
    const invalidation = driver === 'ioredis' ? 'feed' : 'push'
    rows.push({
      path: 'nodes/messages',
      driver,
      nodes,
      what: `one change, ${readers} ${readers === 1 ? 'node has' : 'nodes have'} read it`,
      unit: 'messages',
      formula: messagesPerChange(invalidation, { nodes, readers }),
      measured: (sum(await tell({ do: 'figures' }), 'invalidations') - before) / SAMPLE,
    })
  }
  return rows
}

async function changed({ writer, sessions }: Group, index: number, visits: number): Promise<void> {
  await writer.update(sessions[index] as Session, (data) => {
    data['visits'] = visits
  })
}

async function refusals({ driver, nodes, tell, writer, sessions }: Group): Promise<readonly NodesRow[]> {
  const late: number[] = []
  for (let session = SAMPLE; session < 2 * SAMPLE; session++) {
    await tell({ do: 'read', with: { sessions: [session], readers: nodes } })
    const refused = tell({ do: 'refuse', with: { session } })
    await writer.revoke((sessions[session] as Session).id)
    const acknowledgedAt = performance.timeOrigin + performance.now()
    const last = Math.max(...(await refused).map(({ at = 0 }) => at))
    late.push(Math.max(0, last - acknowledgedAt))
  }
  const sorted = late.toSorted((a, b) => a - b)
  const row = { path: 'nodes/revoked', driver, nodes, unit: 'ms' }
  return [
    {
      ...row,
      what: 'refused by the last node, median',
      measured: sorted[Math.floor(sorted.length / 2)] as number,
    },
    { ...row, what: 'refused by the last node, worst', measured: sorted.at(-1) as number },
  ]
}

function sum(answers: readonly Answer[], name: keyof Figures): number {
  return answers.reduce((total, { figures }) => total + (figures?.[name] ?? 0), 0)
}

function misses(answers: readonly Answer[]): number {
  return sum(answers, 'misses')
}

function callsOf(stats: string, name: string): number {
  return Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(stats)?.[1] ?? 0)
}

async function cpuSeconds(server: RedisServer): Promise<number> {
  const info = await server.cli('INFO', 'cpu')
  return ['used_cpu_sys', 'used_cpu_user'].reduce(
    (total, name) => total + Number(new RegExp(`${name}:([\\d.]+)`).exec(info)?.[1]),
    0,
  )
}
