/**
 * A server program as a child of this process: in the foreground, in a directory of its own that only this user may
 * enter, on free ports of the loopback addresses. It never outlives the test that started it: whoever kills this
 * process takes it along (`setpriv --pdeathsig`).
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { anyoneCanReach } from './listening.ts'
import { acceptsConnections, freePorts, LOOPBACK } from './ports.ts'

/** Where a server is: what its configuration is made of. */
export interface Place {
  /** For its files and sockets; removed when it stops. */
  readonly folder: string
  /** Of loopback: where it listens, and where its own connections come from. */
  readonly host: string
  /** As many as were asked for. */
  readonly ports: readonly number[]
}

export interface RunningServer extends Place {
  /** Another one after a restart. */
  readonly pid: number
  /** All that its process printed so far. */
  readonly said: () => string
  /** It takes connections and answers nothing, until `resume`. */
  readonly pause: () => void
  readonly resume: () => void
  /** Ends this process at once, as a crash does; its files stay for `restart`. */
  readonly kill: () => Promise<void>
  /** The same ports, the same files. Ends the process first if it still runs. */
  readonly restart: () => Promise<void>
  /**
   * Ends this process and no other, waits until it is gone, and removes its directory. One that does not leave when it
   * is asked to, within ten seconds, is killed. Idempotent.
   */
  readonly stop: () => Promise<void>
}

export interface Program {
  readonly name: string
  /** An address of loopback. Default 127.0.0.1. */
  readonly host?: string
  /** Of its process, besides `PATH`. Default none. */
  readonly env?: Readonly<Record<string, string>>
  /** The command line, once the configuration is written. */
  readonly args: (place: Place) => readonly string[]
  /** By their names in the directory. */
  readonly files: (place: Place) => Readonly<Record<string, string>>
  /** Whether it is this process that listens: a port may have gone to somebody else. */
  readonly isUp: (place: Place, pid: number) => Promise<boolean>
  /**
   * What it gets when this process dies. Default `TERM`, with which it takes its own children along; one that is
   * paused only takes `KILL`.
   */
  readonly deathSignal?: 'TERM' | 'KILL'
}

interface RunningProcess {
  readonly pid: number
  readonly said: () => string
  readonly signal: (name: NodeJS.Signals) => void
  readonly end: (signal: NodeJS.Signals) => Promise<void>
}

const MOST_ATTEMPTS = 5
const PATIENCE_MS = 60_000
const POLL_MS = 10
/** A server may refuse to leave while it is at something, and forget that it was asked to. */
const ASK_AGAIN_MS = 500
const MOST_ASKED = 20

/** Starts it and waits until it listens. Ports that somebody takes in the meantime are replaced by others. */
export async function startServer(program: Program, portCount: number): Promise<RunningServer> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await attemptToStart(program, await freePorts(portCount, program.host))
    } catch (error) {
      if (attempt === MOST_ATTEMPTS || !/address.*in use/i.test((error as Error).message)) throw error
    }
  }
}

async function attemptToStart(program: Program, ports: readonly number[]): Promise<RunningServer> {
  const { name: kind, host = LOOPBACK } = program
  const place: Place = { folder: mkdtempSync(join(tmpdir(), `sojourn-${kind}-`)), host, ports }
  try {
    for (const [name, text] of Object.entries(program.files(place)))
      writeFileSync(join(place.folder, name), text, { mode: 0o600 })
    return running(program, place, await runProcess(program, place))
  } catch (error) {
    removeFolder(place)
    throw error
  }
}

function running(program: Program, place: Place, first: RunningProcess): RunningServer {
  let current = first
  return {
    ...place,
    get pid() {
      return current.pid
    },
    said: () => current.said(),
    pause: () => current.signal('SIGSTOP'),
    resume: () => current.signal('SIGCONT'),
    kill: () => current.end('SIGKILL'),
    async restart() {
      await current.end('SIGTERM')
      current = await runProcess(program, place)
    },
    async stop() {
      await current.end('SIGTERM')
      removeFolder(place)
    },
  }
}

function removeFolder({ folder }: Place): void {
  rmSync(folder, { recursive: true, force: true })
}

async function runProcess(program: Program, place: Place): Promise<RunningProcess> {
  const child = launch(program, place)
  const said = recorded(child)
  const exited = new Promise<void>((done) => child.once('close', () => done()))
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const send = (each: NodeJS.Signals): void => {
      child.kill(each)
      // One that is paused takes the signal when it goes on.
      child.kill('SIGCONT')
    }
    let asked = 1
    send(signal)
    const again = setInterval(() => send(asked++ < MOST_ASKED ? signal : 'SIGKILL'), ASK_AGAIN_MS)
    await exited
    clearInterval(again)
  }
  try {
    const { pid } = child
    if (pid === undefined) throw (await once(child, 'error'))[0]
    await untilItListens(program, place, child)
    if (anyoneCanReach(pid)) throw new Error(`${program.name} listens on more than this machine.`)
    return { pid, said, signal: (name) => child.kill(name), end }
  } catch (error) {
    await end('SIGTERM')
    throw new Error(`${program.name} did not start: ${(error as Error).message}\n${said()}`, { cause: error })
  }
}

function launch({ name, args, env = {}, deathSignal = 'TERM' }: Program, place: Place): ChildProcess {
  const command = ['--pdeathsig', deathSignal, name, ...args(place)]
  return spawn('setpriv', command, {
    cwd: place.folder,
    env: { ...env, PATH: `${process.env['PATH']}:/usr/local/sbin:/usr/sbin:/sbin` },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

async function untilItListens({ isUp }: Program, place: Place, child: ChildProcess): Promise<void> {
  const giveUpAt = performance.now() + PATIENCE_MS
  const isReady = async (): Promise<boolean> =>
    (await isUp(place, child.pid as number)) &&
    (await Promise.all(place.ports.map((port) => acceptsConnections(port, place.host)))).every(Boolean)
  while (!(await isReady())) {
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error(`it ended with ${child.exitCode ?? child.signalCode}`)
    if (performance.now() > giveUpAt) throw new Error('it does not answer')
    await delay(POLL_MS)
  }
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
