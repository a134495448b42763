/** Customers of one application, each doing one thing after another and trying again when put off, until told to stop. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Application, Call, Called, Held } from '../application.ts'
import { until } from '../patience.ts'

export interface Customers {
  readonly stop: () => Promise<Done>
}

export interface Done {
  /** Operations that were put off for a second and at least so many times, and with what. */
  readonly failed: readonly string[]
  /** Operations that were put off at least once. */
  readonly retried: number
  /** Of each operation with its retries. */
  readonly tookMs: readonly number[]
  readonly counters: readonly Counter[]
}

/** A session whose data counts its own changes. */
interface Counter {
  readonly held: Held
  /** Changes that were acknowledged. */
  readonly acknowledged: number
  /** Changes of which nobody knows. */
  readonly open: number
}

const MOST_WAIT_MS = 1_000
/** On a busy machine one attempt may take longer than a second. */
const FEWEST_ATTEMPTS = 5
const TRY_AGAIN_MS = 50
/** Between two operations of one customer, so that the machine is not the bottleneck. */
const PACE_MS = 10
const AT_ONCE = 4
/** A subject begins this many sessions, then ends them all. */
const SIGN_INS = 6

interface Work {
  readonly app: Application
  readonly signal: AbortSignal
  readonly failed: string[]
  retried: number
  readonly tookMs: number[]
}

export function startCustomers(
  app: Application,
  { counters, subjects }: { readonly counters: readonly Held[]; readonly subjects: number },
): Customers {
  const stopping = new AbortController()
  const work: Work = { app, signal: stopping.signal, failed: [], retried: 0, tookMs: [] }
  const counts = counters.map((held) => ({ held, acknowledged: 0, open: 0 }))
  const names = Array.from({ length: subjects }, (_, index) => `subject-${app.name}-${index}`)
  const inTurn = async <T>(
    all: readonly T[],
    visit: (one: T, work: Work) => Promise<void>,
  ): Promise<void> => {
    for (let turn = 0; !stopping.signal.aborted && all.length > 0; turn++)
      await visit(all[turn % all.length] as T, work)
  }
  const running = Promise.all(
    Array.from({ length: AT_ONCE }, async (_, part) => {
      const mine = <T>(all: readonly T[]): readonly T[] =>
        all.filter((_one, index) => index % AT_ONCE === part)
      await Promise.all([inTurn(mine(counts), count), inTurn(mine(names), comeAndGo)])
    }),
  )
  running.catch(() => {})
  return {
    async stop() {
      stopping.abort()
      await running
      const { failed, retried, tookMs } = work
      return { failed, retried, tookMs, counters: counts }
    },
  }
}

/** Read by every application: as many as were acknowledged, and no more than may have been done. */
export async function countDivergences(
  done: readonly Done[],
  apps: readonly Application[],
): Promise<{ readonly violations: number; readonly of: number }> {
  const counters = done.flatMap((each) => each.counters)
  let violations = 0
  for (const { held, acknowledged, open } of counters) {
    const read = await Promise.all(apps.map((app) => countReadBy(app, held)))
    const [first = 0] = read
    const isRight =
      first >= acknowledged && first <= acknowledged + open && read.every((one) => one === first)
    if (!isRight) violations++
  }
  return { violations, of: counters.length }
}

async function countReadBy(app: Application, { token }: Held): Promise<number | undefined> {
  let read: number | undefined
  await until(`${app.name} reads a counter`, async () => {
    const called = await app.call({ op: 'verify', token, mode: 'strict' })
    read = called.count
    return called.operation.result === 'valid' || called.operation.result === 'none'
  })
  return read
}

async function count(counter: { held: Held; acknowledged: number; open: number }, work: Work): Promise<void> {
  const { token } = counter.held
  const answers = await insist(work, { op: 'change', token })
  counter.acknowledged += answers.filter(({ operation }) => operation.result === 'done').length
  counter.open += answers.filter(({ operation }) => operation.result === 'unknown').length
  await insist(work, { op: 'verify', token, mode: 'strict' })
}

async function comeAndGo(subject: string, work: Work): Promise<void> {
  for (let turn = 0; turn < SIGN_INS && !work.signal.aborted; turn++) {
    const held = (await insist(work, { op: 'signIn', subject })).at(-1)?.held
    if (held === undefined) continue
    await insist(work, { op: 'verify', token: held.token, mode: 'strict' })
    if (turn % 2 === 0) await insist(work, { op: 'revoke', session: held.session })
    await insist(work, { op: 'verify', token: held.token, mode: 'strict' })
  }
  await insist(work, { op: 'revokeAll', subject })
}

/** All answers, of which only the last is one that stands. */
async function insist(work: Work, call: Call): Promise<readonly Called[]> {
  const startedAt = performance.now()
  const answers: Called[] = []
  for (;;) {
    const answer = await work.app.call(call)
    answers.push(answer)
    if (!isPutOff(answer)) break
    if (answers.length >= FEWEST_ATTEMPTS && performance.now() - startedAt > MOST_WAIT_MS) {
      work.failed.push(
        `${work.app.name}: ${call.op} ${answers.map(({ operation }) => operation.code).join(' ')}`,
      )
      break
    }
    await delay(TRY_AGAIN_MS)
  }
  if (answers.length > 1) work.retried++
  work.tookMs.push(performance.now() - startedAt)
  await delay(PACE_MS)
  return answers
}

function isPutOff({ operation: { result } }: Called): boolean {
  return result === 'unavailable' || result === 'unknown'
}
