/**
 * The real servers of one system: its processes share them, the harness looks at them and breaks them. Every write is
 * handed to the operating system before it is answered, so that what was killed comes back with its data.
 */
import { type RedisServer, startCluster, startRedis } from '../../programs/index.ts'

export interface Servers {
  readonly urls: readonly string[]
  /** They take connections and answer nothing (SIGSTOP). */
  pause(): void
  /** They end at once (SIGKILL). */
  kill(): Promise<void>
  /** Ends `pause` and `kill`. Resolves when all of them serve. */
  recover(): Promise<void>
  /** How often each command was executed since the servers started, by its name in lower case. */
  commands(): Promise<ReadonlyMap<string, number>>
  stop(): Promise<void>
}

/** One server. */
export async function singleServer(): Promise<Servers> {
  const server = await startRedis({ appendonly: true })
  return serversOf([server], { whole: () => Promise.resolve(), stop: () => server.stop() })
}

/** A cluster of three primaries. */
export async function clusterOfThree(): Promise<Servers> {
  const { nodes, whole, stop } = await startCluster({ appendonly: true })
  return serversOf(nodes, { whole, stop })
}

function serversOf(
  nodes: readonly RedisServer[],
  { whole, stop }: { readonly whole: () => Promise<void>; readonly stop: () => Promise<void> },
): Servers {
  let areKilled = false
  return {
    urls: nodes.map(({ url }) => url),
    pause() {
      for (const node of nodes) node.pause()
    },
    async kill() {
      areKilled = true
      await Promise.all(nodes.map((node) => node.kill()))
    },
    async recover() {
      for (const node of nodes) node.resume()
      if (areKilled) await Promise.all(nodes.map((node) => node.restart()))
      areKilled = false
      await whole()
    },
    async commands() {
      const total = new Map<string, number>()
      for (const statistics of await Promise.all(nodes.map((node) => node.cli('INFO', 'commandstats'))))
        for (const [, name = '', calls] of statistics.matchAll(/^cmdstat_(\S+):calls=(\d+)/gm))
          total.set(name, (total.get(name) ?? 0) + Number(calls))
      return total
    },
    stop,
  }
}
