/**
 * The main module of a process that is several nodes: each a manager of its own, with a near cache and connections of its
 * own. It does what the parent asks, one thing at a time, and answers each.
 */
import { createSessions, type Sessions } from 'sojourn'
import { tieredStore, type TieredStore } from 'sojourn/stores/tiered'
import { type DriverName, openRedisStore } from '../redis/store.ts'
import { stillEnvironment } from '../sojourn/populated.ts'

export interface Opening {
  readonly driver: DriverName
  readonly url: string
  /** The numbers of those that live here, of `all`. */
  readonly nodes: readonly number[]
  readonly all: number
  /** One a session. The node of a session is its place here, modulo `all`. */
  readonly tokens: readonly string[]
}

export interface Load {
  /** Of all sessions, a second, at all nodes. */
  readonly checksPerSecond: number
  readonly affinity: number
  /** Nothing is counted before. */
  readonly warmUpMs: number
  readonly measuredMs: number
}

export type Order =
  | { readonly do: 'open'; readonly with: Opening }
  | { readonly do: 'load'; readonly with: Load }
  /** The first `readers` of all nodes check these sessions. */
  | { readonly do: 'read'; readonly with: { readonly sessions: readonly number[]; readonly readers: number } }
  | { readonly do: 'figures' }
  /** Resolves when the last of the nodes here refuses the session. */
  | { readonly do: 'refuse'; readonly with: { readonly session: number } }
  | { readonly do: 'close' }

export interface Figures {
  readonly hits: number
  readonly misses: number
  readonly invalidations: number
}

export interface Answer {
  readonly figures?: Figures
  /** Epoch milliseconds, with a fraction. */
  readonly at?: number
}

interface Node {
  readonly number: number
  readonly sessions: Sessions
  readonly store: TieredStore
  close(): Promise<void>
}

export const COOKIE = '__Host-Http-sid'
export const SECRETS = 'Nd3mTq8yWv1sKx6bRj0pLc5uHf9zGa2eXo7i'
export const PREFIX = 'bench-nodes'
const TICK_MS = 10
const POLL_MS = 1

let here: readonly Node[] = []
let opening: Opening | undefined

process.on('message', (order: Order) => {
  void obey(order).then((answer) => process.send?.(answer))
})

async function obey(order: Order): Promise<Answer> {
  if (order.do === 'open') return open(order.with)
  if (order.do === 'load') return { figures: await underLoad(order.with) }
  if (order.do === 'read') return read(order.with.sessions, order.with.readers)
  if (order.do === 'figures') return { figures: figures() }
  if (order.do === 'refuse') return refuse(order.with.session)
  return close()
}

async function open(all: Opening): Promise<Answer> {
  opening = all
  here = await Promise.all(all.nodes.map((number) => openNode(number, all)))
  return {}
}

async function read(chosen: readonly number[], readers: number): Promise<Answer> {
  for (const { number, sessions } of here)
    for (const session of number < readers ? chosen : []) await sessions.verify(tokenOf(session), COOKIE)
  return {}
}

async function refuse(session: number): Promise<Answer> {
  await Promise.all(here.map((node) => refused(node, session)))
  return { at: performance.timeOrigin + performance.now() }
}

async function close(): Promise<Answer> {
  await Promise.all(here.map((node) => node.close()))
  // As soon as the answer has left.
  setImmediate(() => process.disconnect())
  return {}
}

async function openNode(number: number, { driver, url }: Opening): Promise<Node> {
  const opened = await openRedisStore(driver, url, PREFIX)
  const store = tieredStore({ hot: opened.store })
  const sessions = createSessions({
    deployment: 'bench',
    secrets: SECRETS,
    store,
    // A touch is a change, and ends copies.
    environment: stillEnvironment(),
    deadline: '10s',
    commitDeadline: '60s',
  })
  await sessions.ready()
  return {
    number,
    sessions,
    store,
    async close() {
      await sessions.close()
      await store.close()
      await opened.close()
    },
  }
}

async function underLoad(load: Load): Promise<Figures> {
  const stop = drive(load)
  await pause(load.warmUpMs)
  const before = figures()
  await pause(load.measuredMs)
  const after = figures()
  stop()
  return {
    hits: after.hits - before.hits,
    misses: after.misses - before.misses,
    invalidations: after.invalidations - before.invalidations,
  }
}

/**
 * Each node has a stream of checks for the sessions that are its own and one for any, of sessions picked at random: what
 * arrives for one session is then as random as from many browsers.
 */
function drive({ checksPerSecond, affinity }: Load): () => void {
  const { all, tokens } = told()
  let last = performance.now()
  const owed = here.map(() => ({ own: 0, any: 0 }))
  const timer = setInterval(() => {
    const now = performance.now()
    const perNode = ((now - last) / 1_000) * (checksPerSecond / all)
    last = now
    here.forEach((node, index) => {
      const due = owed[index] as { own: number; any: number }
      due.own += perNode * affinity
      due.any += perNode * (1 - affinity)
      for (; due.own >= 1; due.own--) check(node, ownOf(node.number, all, tokens.length))
      for (; due.any >= 1; due.any--) check(node, Math.floor(Math.random() * tokens.length))
    })
  }, TICK_MS)
  return () => clearInterval(timer)
}

function check({ sessions }: Node, session: number): void {
  const verdict = sessions.verify(tokenOf(session), COOKIE)
  if (verdict instanceof Promise) void verdict.then(assertValid)
  else assertValid(verdict)
}

function assertValid({ kind }: { readonly kind: string }): void {
  if (kind !== 'valid') throw new Error(`A session is ${kind}.`)
}

function ownOf(node: number, all: number, sessions: number): number {
  return node + all * Math.floor(Math.random() * Math.ceil((sessions - node) / all))
}

async function refused({ sessions }: Node, session: number): Promise<void> {
  for (;;) {
    const { kind } = await sessions.verify(tokenOf(session), COOKIE)
    if (kind === 'none') return
    await pause(POLL_MS)
  }
}

function figures(): Figures {
  const sum = (...names: readonly string[]): number =>
    here
      .flatMap(({ store }) => store.measures())
      .reduce(
        (total, measure) =>
          names.includes(measure.name) && measure.kind !== 'histogram' ? total + measure.value : total,
        0,
      )
  return {
    hits: sum('sojourn.near.hits'),
    misses: sum('sojourn.near.misses', 'sojourn.near.joined'),
    invalidations: sum('sojourn.near.invalidations'),
  }
}

function tokenOf(session: number): string {
  return told().tokens[session] as string
}

function told(): Opening {
  if (opening === undefined) throw new Error('Nothing is open.')
  return opening
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
