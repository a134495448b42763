/** The processes of one application, and how the harness talks to them. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Commands, Listening, Question, Reply } from './messages.ts'
import type { ApplicationOptions } from './scenario.ts'
import type { Servers } from './servers.ts'
import type { Place, System } from './system.ts'

export interface AppProcess {
  readonly port: number
  /** @throws what the process says, or that it ended */
  ask<Command extends keyof Commands>(
    command: Command,
    ...input: Commands[Command] extends undefined ? [] : [Commands[Command]]
  ): Promise<number | undefined>
}

export interface Cluster {
  readonly system: System
  readonly place: Place
  readonly options: ApplicationOptions
  readonly servers: Servers | undefined
  readonly processes: readonly AppProcess[]
  stop(): Promise<void>
}

const MAIN = new URL('./process.ts', import.meta.url)

export async function startCluster(
  system: System,
  { options, servers }: Pick<Cluster, 'options' | 'servers'>,
): Promise<Cluster> {
  const directory = await mkdtemp(join(tmpdir(), 'races-'))
  const place: Place = {
    system: system.system,
    adapter: system.adapter,
    store: system.store,
    directory,
    urls: servers?.urls ?? [],
  }
  const argument = JSON.stringify({ module: system.module, place, options })
  const children = Array.from({ length: system.processes }, () => fork(MAIN, [argument]))
  const stop = async (): Promise<void> => {
    await Promise.all(children.map(end))
    await rm(directory, { recursive: true, force: true })
  }
  try {
    const processes = await Promise.all(children.map(listening))
    return { system, place, options, servers, processes, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}

async function listening(child: ChildProcess): Promise<AppProcess> {
  const asked = new Map<number, PromiseWithResolvers<number | undefined>>()
  const ready = Promise.withResolvers<number>()
  let last = 0
  child.on('message', (message: Listening | Reply) => {
    if ('port' in message) ready.resolve(message.port)
    else settle(asked, message)
  })
  child.once('exit', () => {
    const ended = new Error('An application process ended by itself.')
    ready.reject(ended)
    for (const { reject } of asked.values()) reject(ended)
  })
  const port = await ready.promise
  return {
    port,
    ask(command, ...[input]) {
      const question: Question = { id: ++last, command, input }
      const answer = Promise.withResolvers<number | undefined>()
      asked.set(question.id, answer)
      child.send(question)
      return answer.promise
    },
  }
}

function settle(asked: Map<number, PromiseWithResolvers<number | undefined>>, reply: Reply): void {
  const waiting = asked.get(reply.id)
  asked.delete(reply.id)
  if (reply.error === undefined) waiting?.resolve(reply.answer)
  else waiting?.reject(new Error(reply.error))
}
