/** A measured process, from outside. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp } from 'node:fs/promises'
import { type Load, sendAll } from './client.ts'
import type { FrameworkName } from './frameworks.ts'
import { SCRATCH_PREFIX } from './scratch.ts'
import type { ServerCommand, ServerReady, ServerUsage } from './server.ts'

export interface MeasuredServer {
  readonly requests: readonly string[]
  /** Sends them and answers what one cost. */
  round(load: Load): Promise<Round>
  stop(): Promise<void>
}

interface Round {
  readonly cpuMicros: number
  readonly storeCalls: number
  readonly wallMicros: number
}

export interface ServerOptions {
  readonly module: string
  readonly framework: FrameworkName
  readonly store: string
  readonly counting?: boolean
  /** URL of the run's Redis. */
  readonly redis?: string
  /** Address of the run's Memcached. */
  readonly memcached?: string
}

const MAIN = new URL('./server.ts', import.meta.url)

export async function startServer({
  module,
  framework,
  store,
  counting = false,
  redis = '',
  memcached = '',
}: ServerOptions): Promise<MeasuredServer> {
  const directory = await mkdtemp(SCRATCH_PREFIX)
  const argument = JSON.stringify({
    module,
    options: { framework, store, redis, memcached, directory, counting },
  })
  const profile = process.env['BENCH_EXEC_ARGV']?.split(' ') ?? []
  const child = fork(MAIN, [argument], {
    execArgv: ['--disable-warning=ExperimentalWarning', ...profile],
  })
  const ended = once(child, 'exit').then(() => {
    throw new Error(`The measured process of ${module} ended by itself.`)
  })
  const said = (): Promise<unknown[]> => Promise.race([once(child, 'message'), ended])
  const [{ port, requests }] = (await said()) as [ServerReady]

  async function tell(command: ServerCommand): Promise<unknown> {
    const answer = said()
    child.send(command)
    const [message] = (await answer) as [unknown]
    return message
  }

  return {
    requests,
    async round(load) {
      const { count } = load
      await tell('begin')
      const startedAt = performance.now()
      await sendAll(port, load)
      const wallMicros = (performance.now() - startedAt) * 1000
      const usage = (await tell('end')) as ServerUsage
      return {
        cpuMicros: usage.cpuMicros / count,
        storeCalls: usage.storeCalls / count,
        wallMicros: wallMicros / count,
      }
    },
    async stop() {
      child.disconnect()
      await ended.catch(() => undefined)
    },
  }
}
