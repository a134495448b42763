/**
 * Application processes: started, asked, stopped for a while, killed. Each is a session manager of its own, and what it
 * was asked and answered is its history, also after its death.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type {
  Answers,
  ApplicationOptions,
  Call,
  Called,
  Commands,
  Found,
  Load,
  LoadFigures,
  Said,
} from './application/options.ts'
import { sessionOf } from './application/recorder.ts'
import { now, type Operation, type OperationName } from './history.ts'

export type {
  ApplicationOptions,
  Call,
  Called,
  Driver,
  Held,
  LoadFigures,
} from './application/options.ts'
export { DRIVERS } from './application/options.ts'

export interface Application {
  readonly name: string
  readonly call: (call: Call) => Promise<Called>
  /** In this order, so many at once. Default 20. */
  readonly calls: (
    calls: readonly Call[],
    options?: { readonly atOnce?: number },
  ) => Promise<readonly Called[]>
  readonly load: (load: Load) => Promise<void>
  /** Ends the load. */
  readonly quiet: () => Promise<LoadFigures>
  readonly figures: () => Promise<Readonly<Record<string, number>>>
  /** Of its doctor, since the start. */
  readonly findings: () => Promise<readonly Found[]>
  /** All that is known of it so far. What it did not answer before it was killed is open. */
  readonly history: () => Promise<readonly Operation[]>
  /** SIGSTOP: what is asked meanwhile is answered after `resume`. */
  readonly pause: () => void
  readonly resume: () => void
  /** SIGKILL. What waits for an answer rejects. Idempotent. */
  readonly kill: () => Promise<void>
}

interface Waiting {
  readonly resolve: (answer: never) => void
  readonly reject: (error: Error) => void
  readonly calls: readonly Call[]
  readonly askedAt: number
}

const MAIN = fileURLToPath(new URL('./application/process.ts', import.meta.url))

/** Resolves when its session manager is ready. */
export async function startApplication(options: ApplicationOptions): Promise<Application> {
  const child = launch(options)
  const operations = new Map<string, Operation>()
  const waiting = new Map<number, Waiting>()
  const isReady = Promise.withResolvers<void>()
  let count = 0

  child.on('message', (said: Said) => {
    if ('history' in said) for (const operation of said.history) operations.set(operation.opId, operation)
    else if ('ready' in said) isReady.resolve()
    else settle(said)
  })
  child.once('exit', (code, signal) => {
    const error = new Error(`The application ${options.name} ended with ${code ?? signal}.`)
    isReady.reject(error)
    for (const [id, { reject, calls, askedAt }] of waiting) {
      for (const [index, call] of calls.entries())
        leaveOpen(call, `${options.name}.lost.${id}.${index}`, askedAt)
      reject(error)
    }
    waiting.clear()
  })

  function settle(said: Exclude<Said, { history: unknown } | { ready: unknown }>): void {
    const { resolve, reject } = waiting.get(said.id) as Waiting
    waiting.delete(said.id)
    // What is killed next may not send it once more as history; what it has sent may know more by now.
    if ('answer' in said && Array.isArray(said.answer))
      for (const { operation } of said.answer as readonly Partial<Called>[])
        if (operation !== undefined && !operations.has(operation.opId))
          operations.set(operation.opId, operation)
    if ('error' in said) reject(new Error(`${options.name}: ${said.error}`))
    else resolve(said.answer as never)
  }

  function leaveOpen(call: Call, opId: string, invokedAt: number): void {
    const operation = openOperation(call, { opId, node: options.name, invokedAt })
    if (operation !== undefined) operations.set(opId, operation)
  }

  function ask<Command extends keyof Commands>(
    command: Command,
    input?: Commands[Command],
  ): Promise<Answers[Command]> {
    if (!child.connected) return Promise.reject(new Error(`The application ${options.name} is gone.`))
    return new Promise((resolve, reject) => {
      const id = count++
      const calls = command === 'call' ? (input as Commands['call']).calls : []
      waiting.set(id, { resolve, reject, calls, askedAt: now() })
      child.send({ id, command, input }, (error) => {
        if (error !== null && waiting.delete(id)) reject(error)
      })
    })
  }

  const calls: Application['calls'] = (asked, { atOnce = 20 } = {}) => ask('call', { calls: asked, atOnce })
  const application: Application = {
    name: options.name,
    calls,
    async call(call) {
      return (await calls([call]))[0] as Called
    },
    load: (load) => ask('load', load),
    quiet: () => ask('quiet'),
    figures: () => ask('figures'),
    findings: () => ask('findings'),
    async history() {
      if (child.connected) await ask('flush')
      return [...operations.values()]
    },
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    kill: () => killed(child),
  }
  try {
    await isReady.promise
  } catch (error) {
    await killed(child)
    throw error
  }
  return application
}

/** It never outlives whoever started it, not even stopped. */
function launch({ prefix = [], ...options }: ApplicationOptions): ChildProcess {
  const command = ['--pdeathsig', 'KILL', ...prefix, process.execPath, MAIN, JSON.stringify(options)]
  return spawn('setpriv', command, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
}

async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}

/** What may have changed something, and nobody knows. */
function openOperation(
  call: Call,
  known: Pick<Operation, 'opId' | 'node' | 'invokedAt'>,
): Operation | undefined {
  const open = (op: OperationName, about: Pick<Operation, 'session' | 'subject'>): Operation => ({
    ...known,
    op,
    ...about,
    mode: 'strict',
    result: 'unknown',
  })
  if (call.op === 'signIn' || call.op === 'revokeAll') return open(call.op, { subject: call.subject })
  if (call.op === 'revoke') return open(call.op, { session: call.session })
  if (call.op === 'revokeEverything') return open(call.op, {})
  if (call.op === 'change' || call.op === 'regenerate' || call.op === 'signOut')
    return open(call.op, { session: sessionOf(call.token) })
  return undefined
}
