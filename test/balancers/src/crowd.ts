/** Many visitors at once, at a pace; and what they were answered, counted. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Balancer } from './balancers.ts'
import { createVisitor, type Turn, type Visitor } from './visitor.ts'

export interface Crowd {
  readonly visitors: readonly Visitor[]
  /** Sends until `isOver`, each visitor with about this pause between an answer and the next request. */
  readonly load: (options: LoadOptions) => Promise<Tally>
  /** Everybody asks the store who they are. */
  readonly settle: () => Promise<Tally>
  readonly close: () => void
}

export interface LoadOptions {
  readonly pauseMs: number
  /** Asked after each answer with how many each visitor has had at the least. */
  readonly isOver: (turns: number) => boolean
}

export interface Tally {
  requests: number
  readonly failed: Map<string, number>
  readonly wrong: string[]
  lost: number
  stale: number
  /** Answers that came from another process than the visitor's answer before. */
  switches: number
  readonly byProcess: Map<string, number>
}

/** Signed in, each as a subject of their own, from different addresses. */
export async function gather(count: number, balancer: Balancer): Promise<Crowd> {
  const visitors = Array.from({ length: count }, (_, index) =>
    createVisitor(`user-${index}`, { balancer, from: `127.0.1.${index + 1}` }),
  )
  await Promise.all(visitors.map((visitor) => visitor.signIn()))
  return {
    visitors,
    load: (options) => load(visitors, options),
    async settle() {
      const tally = emptyTally()
      for (const turn of await Promise.all(visitors.map((visitor) => visitor.settle()))) note(tally, turn)
      return tally
    },
    close: () => visitors.forEach((visitor) => visitor.close()),
  }
}

async function load(visitors: readonly Visitor[], { pauseMs, isOver }: LoadOptions): Promise<Tally> {
  const tally = emptyTally()
  const turns = visitors.map(() => 0)

  async function go(visitor: Visitor, index: number): Promise<void> {
    await pause(pauseMs)
    let before: string | undefined
    while (!isOver(Math.min(...turns))) {
      const turn = await visitor.turn()
      note(tally, turn, before)
      before = turn.process ?? before
      turns[index] = (turns[index] ?? 0) + 1
      await pause(pauseMs)
    }
  }

  await Promise.all(visitors.map(go))
  return tally
}

function emptyTally(): Tally {
  return { requests: 0, failed: new Map(), wrong: [], lost: 0, stale: 0, switches: 0, byProcess: new Map() }
}

/**
 * From half of it to half as much again: visitors in step with each other and with round robin would have affinity
 * by accident.
 */
async function pause(ms: number): Promise<void> {
  await delay(ms * (0.5 + Math.random()))
}

function note(tally: Tally, { failed, wrong, isLost, isStale, process }: Turn, before?: string): void {
  tally.requests += 1
  if (failed !== undefined) add(tally.failed, failed)
  if (wrong !== undefined) tally.wrong.push(wrong)
  if (isLost === true) tally.lost += 1
  if (isStale === true) tally.stale += 1
  if (process === undefined) return
  add(tally.byProcess, process)
  if (before !== undefined && process !== before) tally.switches += 1
}

function add(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}
