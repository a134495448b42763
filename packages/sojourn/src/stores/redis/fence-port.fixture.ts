/** A port whose answers the test writes, and a fence over it on a clock that stands still. */
import { instant } from '../../core/instant.ts'
import { type FakeEnvironment, fakeEnvironment } from '../../testing/fake-environment.ts'
import { createFence, type Fence } from './fence.ts'
import { createLayout, type Layout } from './layout.ts'
import type { PortTraits, RedisPort, Reply } from './port.ts'

export const F = 5000

interface ScriptedPort extends RedisPort {
  /** Every call in the order it was made: `SET`, `SET+WAIT 2`, `GET`, `witness`, each with the key. */
  readonly calls: readonly Call[]
  /** What a call is answered; may hang, may throw. Default: a server in health. */
  answer: (call: Call) => Answer | Promise<Answer>
  /** How many replicas acknowledge. */
  acknowledging: number
  /** What the others say. */
  isNamed: boolean
  routingChanged(): void
  isWatched(): boolean
}

type Answer = Reply | undefined

export interface Call {
  readonly name: string
  readonly key: string
  readonly args: readonly string[]
  /** What the server in health answers. */
  readonly healthy: () => Reply
}

export interface Setting {
  readonly environment: FakeEnvironment
  readonly port: ScriptedPort
  readonly fence: Fence
  readonly layout: Layout
  /** Of the first tag, or another, now. */
  readonly isConfirmed: (tag?: number) => boolean
  /** How many calls of that name were made. */
  readonly count: (name: string) => number
}

export interface Setup {
  readonly topology?: PortTraits['topology']
  readonly voters?: number
  readonly tags?: number
  readonly hasWitness?: boolean
}

export function setUp({
  topology = 'single',
  voters = 0,
  tags = 1,
  hasWitness = topology !== 'single',
}: Setup = {}): Setting {
  const environment = fakeEnvironment()
  const layout = createLayout({ prefix: 's', tags, sharded: topology === 'cluster' })
  const port = scriptedPort(topology, hasWitness)
  port.acknowledging = voters
  const fence = createFence({ port, environment, layout, voters, fenceMs: F })
  return {
    environment,
    port,
    fence,
    layout,
    isConfirmed: (tag = 0) => fence.isConfirmed(tag, instant(environment)),
    count: (name) => port.calls.filter((call) => call.name === name).length,
  }
}

function scriptedPort(topology: PortTraits['topology'], hasWitness: boolean): ScriptedPort {
  const kept = new Map<string, string>()
  const calls: Call[] = []
  const listeners = new Set<() => void>()

  async function call(name: string, key: string, args: readonly unknown[]): Promise<Reply> {
    const texts = args.map(String)
    const made: Call = { name, key, args: texts, healthy: () => healthyAnswer(texts, kept) }
    calls.push(made)
    return (await port.answer(made)) ?? null
  }

  const port: ScriptedPort = {
    calls,
    acknowledging: 0,
    isNamed: true,
    answer: ({ healthy }) => healthy(),
    traits: { driver: 'scripted', topology, invalidation: 'none' },
    command: (args, { key }) => call(nameOf(args), key, args),
    async writeAndWait(args, { key, replicas }) {
      const reply = await call(`${nameOf(args)}+WAIT ${replicas}`, key, args)
      return { reply, replicas: port.acknowledging }
    },
    watchRouting(onChanged) {
      listeners.add(onChanged)
      return () => void listeners.delete(onChanged)
    },
    isWatched: () => listeners.size > 0,
    routingChanged: () => listeners.forEach((listener) => listener()),
    close: () => Promise.resolve(),
  }
  const isNamedPrimary = async (key: string): Promise<boolean> => {
    await call('witness', key, [])
    return port.isNamed
  }
  return hasWitness ? Object.assign(port, { isNamedPrimary }) : port
}

function nameOf(args: readonly unknown[]): string {
  return args[0] === 'CLUSTER' ? `CLUSTER ${String(args[1])}` : String(args[0])
}

function healthyAnswer([name, ...args]: readonly string[], kept: Map<string, string>): Reply {
  if (name === 'GET') return Buffer.from(kept.get(args[0] as string) ?? '')
  if (name === 'ROLE') return ['master', 0, []]
  if (name === 'SET') kept.set(args[0] as string, args[1] as string)
  if (name === 'EVAL') kept.set(args[2] as string, args[3] as string)
  return 'OK'
}

/** An answer that comes when the test says so. */
export function held<T = void>(): { readonly promise: Promise<T>; readonly release: (value: T) => void } {
  return (({ promise, resolve }) => ({ promise, release: resolve }))(Promise.withResolvers<T>())
}
