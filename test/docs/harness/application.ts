/** An example as a process of its own, found by the address that it prints or by the port that it was given. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

export interface Launch {
  readonly cwd: string
  /** What stands behind `node`. */
  readonly args: readonly string[]
  /** All of it, but for the `PATH`. */
  readonly env: Readonly<Record<string, string>>
}

export interface Application {
  /** `http://localhost:…` */
  readonly url: string
  /** All that it printed so far, on both streams. */
  readonly printed: () => string
  /** Says something to what was loaded before the example, and waits for the answer. */
  readonly ask: <Answer>(message: object) => Promise<Answer>
  /** Its exit code, or `null` when the signal ended it. */
  readonly stop: (signal?: 'SIGTERM' | 'SIGKILL') => Promise<number | null>
}

/** To be loaded before an example: each says in its header what it does. */
const CLOCK = preload('clock')
export const ANY_PORT: string = preload('any-port')
export const SURROUNDINGS: string = preload('surroundings')

export async function startApplication(
  launch: Launch,
  preloads: readonly string[] = [CLOCK],
): Promise<Application> {
  const child = launched(launch, preloads)
  const printed = recorded(child)
  const exited = once(child, 'exit') as Promise<[number | null]>
  const url = await Promise.race([
    printedAddress(child, printed),
    givenPort(child),
    exited.then(() => Promise.reject(new Error(`The application did not start:\n${printed()}`))),
  ])
  return {
    url,
    printed,
    async ask<Answer>(message: object) {
      const answered = once(child, 'message') as Promise<[Answer]>
      child.send(message)
      const [answer] = await answered
      return answer
    },
    async stop(signal = 'SIGTERM') {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal)
      const [code] = await exited
      return code
    },
  }
}

export interface Ended {
  readonly code: number | null
  readonly printed: string
}

/** Runs what ends by itself. */
export async function runToEnd(launch: Launch, preloads: readonly string[] = []): Promise<Ended> {
  const child = launched(launch, preloads)
  const printed = recorded(child)
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, printed: printed() }
}

function preload(name: string): string {
  return fileURLToPath(new URL(`${name}.fixture.ts`, import.meta.url))
}

function launched({ cwd, args, env }: Launch, preloads: readonly string[]): ChildProcess {
  const options = preloads.flatMap((file) => ['--import', file])
  return spawn(process.execPath, [...options, ...args], {
    cwd,
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
}

function recorded(child: ChildProcess): () => string {
  let text = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
    })
  return () => text
}

function printedAddress(child: ChildProcess, printed: () => string): Promise<string> {
  return new Promise((found) => {
    child.stdout?.on('data', () => {
      const [address] = /https?:\/\/localhost:\d+/.exec(printed()) ?? []
      if (address !== undefined) found(address)
    })
  })
}

async function givenPort(child: ChildProcess): Promise<string> {
  const [{ port }] = (await once(child, 'message')) as [{ readonly port: number }]
  return `http://localhost:${port}`
}
