/** Application processes: started, asked what they know of themselves, ended. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { onTestFinished } from 'vitest'
import { request } from './client.ts'
import type { AppOptions } from './options.ts'

export interface App {
  readonly port: number
  /** What it knows of itself. */
  readonly says: () => Promise<Says>
}

interface Says {
  /** By name and labels, without the realm: `sojourn.breaker.opened checks`. */
  readonly figures: Readonly<Record<string, number>>
  readonly events: readonly { readonly name: string; readonly event: Readonly<Record<string, unknown>> }[]
  /** Of what routes threw, in order. */
  readonly codes: readonly string[]
  /** The same with text, stack and causes. */
  readonly shown: readonly string[]
  readonly metrics: string
}

export interface AppProcess<Apps extends readonly App[] = readonly App[]> {
  readonly apps: Apps
  /** `SIGTERM` lets it close its sessions first. */
  readonly end: (signal: 'SIGTERM' | 'SIGKILL') => Promise<void>
}

const MAIN = new URL('./application.ts', import.meta.url)

/** One process with an application for each of the options. It ends with the test. */
async function startApps<const Options extends readonly AppOptions[]>(
  ...options: Options
): Promise<AppProcess<{ readonly [Key in keyof Options]: App }>> {
  const child = fork(MAIN, [JSON.stringify({ apps: options })], { execArgv: [] })
  const end = (signal: 'SIGTERM' | 'SIGKILL'): Promise<void> => ended(child, signal)
  onTestFinished(() => end('SIGKILL'))
  const ports = await listening(child)
  const apps = ports.map((port) => ({ port, says: () => says(port) }))
  return { apps: apps as unknown as { readonly [Key in keyof Options]: App }, end }
}

/** One process with one application. */
export async function startApp(options: AppOptions): Promise<App & Pick<AppProcess, 'end'>> {
  const { apps, end } = await startApps(options)
  return { ...apps[0], end }
}

async function says(port: number): Promise<Says> {
  const { body } = await request(port, { method: 'GET', path: '/-/' })
  return JSON.parse(body) as Says
}

function listening(child: ChildProcess): Promise<readonly number[]> {
  return new Promise((resolve, reject) => {
    child.once('message', ({ ports }: { readonly ports: readonly number[] }) => resolve(ports))
    child.once('exit', (code) => reject(new Error(`The application ended with ${code} before it listened.`)))
  })
}

async function ended(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill(signal)
  await exited
}
