/** The demo as a process of its own on a free port, with its own data directory. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setDefaultCACertificates } from 'node:tls'
import { fileURLToPath } from 'node:url'

export interface Demo {
  readonly url: string
  readonly dataDir: string
  /** All that it printed so far, on both streams. */
  printed(): string
  /** Its exit code, or `null` when the signal ended it. */
  stop(signal: 'SIGTERM' | 'SIGKILL' | 'SIGINT'): Promise<number | null>
}

export interface Ended {
  readonly code: number | null
  readonly printed: string
}

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url))

/** A directory for a demo's files, which `dispose` removes. */
export function temporaryDataDir(): { readonly path: string; dispose(): void } {
  const parent = mkdtempSync(join(tmpdir(), 'wayside-'))
  return { path: join(parent, 'data'), dispose: () => rmSync(parent, { recursive: true, force: true }) }
}

/** Starts it, with these flags, and waits until it says where it is. */
export async function startDemo(
  dataDir: string,
  environment: NodeJS.ProcessEnv = {},
  flags: readonly string[] = [],
): Promise<Demo> {
  const child = launch({ DATA_DIR: dataDir, PORT: '0', ...environment }, flags)
  const printed = recorded(child)
  const exited = once(child, 'exit')
  const url = await new Promise<string>((found, failed) => {
    child.stdout?.on('data', () => {
      const [address] = /https?:\/\/localhost:\d+/.exec(printed()) ?? []
      if (address !== undefined) found(address)
    })
    void exited.then(() => failed(new Error(`The demo did not start:\n${printed()}`)))
  })
  return {
    url,
    dataDir,
    printed,
    async stop(signal) {
      child.kill(signal)
      const [code] = (await exited) as [number | null]
      return code
    },
  }
}

/** Runs it where it ends on its own: it says something, or refuses to start. */
export async function endedStart(
  environment: NodeJS.ProcessEnv,
  flags: readonly string[] = [],
): Promise<Ended> {
  const child = launch(environment, flags)
  const printed = recorded(child)
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, printed: printed() }
}

/** Connections of this process believe the certificate that `--https` made in this data directory. */
export function trustCertificateIn(dataDir: string): void {
  setDefaultCACertificates([readFileSync(join(dataDir, 'https/certificate.pem'), 'utf8')])
}

function launch(environment: NodeJS.ProcessEnv, flags: readonly string[]): ChildProcess {
  return spawn(process.execPath, [MAIN, ...flags], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

function recorded(child: ChildProcess): () => string {
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
    })
  }
  return () => text
}
