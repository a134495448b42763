/**
 * The main module of a process that holds or fills a store of some size: `node --expose-gc process.ts TASK`, where the
 * task is JSON. Prints what it found as JSON.
 */
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openSessions, openStore, type Populated, COOKIE } from '../sojourn/populated.ts'
import { spreadOf } from '../statistics.ts'
import type { TargetOptions } from '../target.ts'
import { fill, fillBy } from './filling.ts'

export interface Task {
  readonly work: keyof typeof WORK
  readonly sessions: number
  readonly directory: string
}

/** What a task finds out; which of it depends on the task. */
export interface Found {
  readonly bytesPerSession?: number
  readonly verifyMicros?: number
  /** From opening the store until the first session has been verified. */
  readonly startMillis?: number
}

const WORK = { memory, fillFile, useFile }
const MOST_TOKENS = 50_000
const WARM_UP = 20_000
const CHUNK = 1_000

const task = JSON.parse(process.argv[2] ?? '{}') as Task
const options: Omit<TargetOptions, 'store'> = {
  framework: 'node:http',
  redis: '',
  memcached: '',
  directory: task.directory,
  counting: false,
}
const every = Math.ceil(task.sessions / MOST_TOKENS)
const tokensFile = join(task.directory, 'tokens')
process.stdout.write(JSON.stringify(await WORK[task.work]()))
process.exit()

async function memory(): Promise<Found> {
  const populated = await openSessions({ ...options, store: 'memory' })
  const before = await heap()
  const { tokens } = await fill(populated, { sessions: task.sessions, every })
  const bytesPerSession = Math.round(((await heap()) - before) / task.sessions)
  return { bytesPerSession, verifyMicros: await verifyMicros(populated, tokens) }
}

async function fillFile(): Promise<Found> {
  const store = await openStore({ ...options, store: 'sqlite' })
  const { tokens } = await fillBy(store, { ...options, store: 'sqlite' }, { sessions: task.sessions, every })
  writeFileSync(tokensFile, tokens.join('\n'))
  // With that, all of the log is in the file.
  await store.close()
  const { size } = statSync(join(task.directory, 'sessions.db'))
  return { bytesPerSession: Math.round(size / task.sessions) }
}

async function useFile(): Promise<Found> {
  const tokens = readFileSync(tokensFile, 'latin1').split('\n')
  const startedAt = performance.now()
  const populated = await openSessions({ ...options, store: 'sqlite' })
  await verifyAll(populated, tokens.slice(0, 1))
  const startMillis = Math.round((performance.now() - startedAt) * 10) / 10
  return { startMillis, verifyMicros: await verifyMicros(populated, tokens) }
}

/** CPU of one check, of sessions in random order, each once; the median of thousands. */
async function verifyMicros(populated: Populated, tokens: readonly string[]): Promise<number> {
  const shuffled = tokens
    .map((token) => ({ token, at: Math.random() }))
    .toSorted((left, right) => left.at - right.at)
    .map(({ token }) => token)
  const warm = shuffled.splice(0, CHUNK)
  for (let left = WARM_UP; left > 0; left -= warm.length) await verifyAll(populated, warm)
  const chunks: number[] = []
  for (let at = 0; at + CHUNK <= shuffled.length; at += CHUNK) {
    const before = process.cpuUsage()
    await verifyAll(populated, shuffled.slice(at, at + CHUNK))
    const { user, system } = process.cpuUsage(before)
    chunks.push((user + system) / CHUNK)
  }
  return Math.round(spreadOf(chunks).median * 10) / 10
}

async function verifyAll({ sessions }: Populated, tokens: readonly string[]): Promise<void> {
  for (const token of tokens) {
    const checked = sessions.verify(token, COOKIE)
    const verdict = checked instanceof Promise ? await checked : checked
    if (verdict.kind !== 'valid') throw new Error(`A session is ${verdict.kind}.`)
  }
}

async function heap(): Promise<number> {
  // Until nothing waits for a deadline any more.
  await new Promise((resolve) => setTimeout(resolve, 3_000))
  for (let turn = 0; turn < 3; turn++) globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
