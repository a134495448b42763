/** Three processes of one application. They are killed and restarted on the ports that they have. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { freePorts } from 'sojourn-test-programs'
import type { Figures, Said, Start, Told, Written } from './messages.ts'

export type Name = 'one' | 'two' | 'three'

export interface Fleet {
  readonly ports: readonly number[]
  /** Ends one at once, as a crash does. What its cache counted is lost. */
  readonly kill: (name: Name) => Promise<void>
  readonly start: (name: Name) => Promise<void>
  /** Lets one leave in good order, and starts it again. @throws Error when it did not leave in good order */
  readonly restart: (name: Name) => Promise<void>
  /** Where each process has all sessions: what this one writes does not get to the others, nor theirs to it. */
  readonly cut: (name: Name) => void
  /** What was held back gets through. */
  readonly heal: () => void
  /** Of all processes together, also of those that left. */
  readonly figures: () => Promise<Figures>
  readonly stop: () => Promise<void>
}

export const NAMES: readonly Name[] = ['one', 'two', 'three']

const APPLICATION = fileURLToPath(new URL('application.ts', import.meta.url))
const NONE: Figures = { hits: 0, all: 0 }

export async function startFleet(place: Omit<Start, 'name' | 'port'>): Promise<Fleet> {
  const ports = await freePorts(NAMES.length)
  const running = new Map<Name, ChildProcess>()
  const copies = copiesBetween(running)
  let ofThoseThatLeft = NONE

  async function start(name: Name): Promise<void> {
    const told: Start = { ...place, name, port: ports[NAMES.indexOf(name)] as number }
    // What is copied is made of bytes, too.
    const child = fork(APPLICATION, [JSON.stringify(told)], { serialization: 'advanced' })
    running.set(name, child)
    child.on('message', (message: Said) => {
      if (message.kind === 'wrote') copies.wrote(name, message.written)
    })
    if (place.sessions === 'copied') copies.welcome(child)
    await said(child, 'ready')
  }

  async function end(name: Name, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = running.get(name)
    if (child === undefined) return
    running.delete(name)
    const exited = once(child, 'exit')
    child.on('message', (message: Said) => {
      if (message.kind === 'figures') ofThoseThatLeft = sum([ofThoseThatLeft, message.figures])
    })
    child.kill(signal)
    const [code] = await exited
    if (signal === 'SIGTERM' && code !== 0) throw new Error(`Process ${name} left with ${code}.`)
  }

  try {
    for (const name of NAMES) await start(name)
  } catch (error) {
    await Promise.all(NAMES.map((name) => end(name, 'SIGKILL')))
    throw error
  }
  return {
    ports,
    start,
    cut: copies.cut,
    heal: copies.heal,
    kill: (name) => end(name, 'SIGKILL'),
    async restart(name) {
      await end(name, 'SIGTERM')
      await start(name)
    },
    figures: async () => sum([ofThoseThatLeft, ...(await Promise.all([...running.values()].map(figuresOf)))]),
    async stop() {
      await Promise.all(NAMES.map((name) => end(name, 'SIGKILL')))
    },
  }
}

interface Copies {
  readonly wrote: (by: Name, written: Written) => void
  /** Hands over all that was written so far. */
  readonly welcome: (child: ChildProcess) => void
  readonly cut: Fleet['cut']
  readonly heal: Fleet['heal']
}

function copiesBetween(running: ReadonlyMap<Name, ChildProcess>): Copies {
  const all: Written[] = []
  let held: { readonly to: Name; readonly written: Written }[] = []
  let isCut: Name | undefined

  function wrote(by: Name, written: Written): void {
    all.push(written)
    for (const to of NAMES.filter((name) => name !== by))
      if (by === isCut || to === isCut) held.push({ to, written })
      else deliver(to, written)
  }

  function deliver(to: Name, written: Written): void {
    const child = running.get(to)
    if (child !== undefined) tell(child, { kind: 'apply', written: [written] })
  }

  return {
    wrote,
    welcome: (child) => tell(child, { kind: 'apply', written: all }),
    cut(name) {
      isCut = name
    },
    heal() {
      isCut = undefined
      for (const { to, written } of held) deliver(to, written)
      held = []
    },
  }
}

async function figuresOf(child: ChildProcess): Promise<Figures> {
  const answer = said(child, 'figures')
  tell(child, { kind: 'tell-figures' })
  return (await answer).figures
}

function tell(child: ChildProcess, told: Told): void {
  // One that is being killed hears nothing.
  child.send(told, () => {})
}

/** @throws Error when it ends instead */
async function said<Kind extends Said['kind']>(
  child: ChildProcess,
  kind: Kind,
): Promise<Extract<Said, { readonly kind: Kind }>> {
  return await new Promise((resolve, reject) => {
    const hear = (message: Said): void => {
      if (message.kind === kind) settle(() => resolve(message as Extract<Said, { readonly kind: Kind }>))
    }
    const leave = (code: number | null): void =>
      settle(() => reject(new Error(`A process ended with ${code}.`)))
    const settle = (act: () => void): void => {
      child.off('message', hear).off('exit', leave)
      act()
    }
    child.on('message', hear).once('exit', leave)
  })
}

function sum(figures: readonly Figures[]): Figures {
  return figures.reduce((a, b) => ({ hits: a.hits + b.hits, all: a.all + b.all }), NONE)
}
