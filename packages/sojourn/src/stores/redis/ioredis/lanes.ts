/**
 * Writes that wait for replicas, on connections of their own beside the one that reads go through: the server answers
 * nothing else on a connection while it waits. There is one lane for each timeout, so that a heartbeat, which waits
 * briefly, never stands behind the `WAIT` of a commit; four at most.
 *
 * A lane is opened when it is needed. It belongs to the very connection that reads go through, and goes with it: after a
 * failover none is left at the old primary.
 */
import type { Redis } from 'ioredis'
import type { Environment } from '../../../core/environment.ts'
import type { Acknowledged, CommandArgument, RedisPort, WaitOptions } from '../port.ts'
import { type Lane, openLane } from './lane.ts'
import { NOT_CONNECTED, gone, type Links } from './links.ts'

export interface Lanes {
  readonly writeAndWait: RedisPort['writeAndWait']
  readonly close: () => Promise<unknown>
}

/** By the timeout of the first one that needed it. */
type Beside = Map<number, Lane>

interface Redirection {
  /** Where `ASK` points to; absent for `MOVED`. */
  readonly askAt?: string
}

interface Attempt extends WaitOptions {
  readonly asking: string | undefined
}

const MOST_LANES = 4
const MOST_REDIRECTIONS = 4

export function createLanes(links: Links, environment: Environment): Lanes {
  const lanes = new Map<Redis['stream'], Beside>()

  async function writeAndWait(args: readonly CommandArgument[], options: WaitOptions): Promise<Acknowledged> {
    let asking: string | undefined
    for (let left = MOST_REDIRECTIONS; ; left--) {
      try {
        return await writeOnce(args, { ...options, asking })
      } catch (error) {
        const redirection = left > 0 ? redirectionIn(error) : undefined
        if (redirection === undefined) throw error
        asking = redirection.askAt
        if (asking === undefined) await links.refresh()
      }
    }
  }

  async function writeOnce(
    args: readonly CommandArgument[],
    { asking, key, replicas, timeoutMs }: Attempt,
  ): Promise<Acknowledged> {
    const node = asking === undefined ? links.primaryOf(key) : links.nodeAt(asking)
    if (node?.status !== 'ready') throw new Error(NOT_CONNECTED)
    const lane = laneBeside(node, timeoutMs)
    return lane.write(args, { replicas, timeoutMs, asking: asking !== undefined })
  }

  function laneBeside(node: Redis, timeoutMs: number): Lane {
    const beside = lanesAt(node.stream)
    const shared = beside.size === MOST_LANES ? [...beside.values()].at(-1) : undefined
    return beside.get(timeoutMs) ?? shared ?? laneFor(timeoutMs, { node, beside })
  }

  function laneFor(timeoutMs: number, { node, beside }: { node: Redis; beside: Beside }): Lane {
    const lane = openLane(node, environment)
    beside.set(timeoutMs, lane)
    lane.redis.once('end', () => {
      beside.delete(timeoutMs)
      lane.retire()
    })
    return lane
  }

  function lanesAt(socket: Redis['stream']): Beside {
    const known = lanes.get(socket)
    if (known !== undefined) return known
    const beside: Beside = new Map()
    lanes.set(socket, beside)
    socket.once('close', () => {
      lanes.delete(socket)
      for (const { retire } of beside.values()) retire()
    })
    return beside
  }

  return {
    writeAndWait,
    close() {
      const open = [...lanes.values()].flatMap((beside) => [...beside.values()])
      for (const { redis } of open) redis.disconnect()
      return Promise.all(open.map(({ redis }) => gone(redis)))
    },
  }
}

/** Whoever answers so has not run the command. */
function redirectionIn(error: unknown): Redirection | undefined {
  const [, word, address] = /^(MOVED|ASK) \d+ (\S+)$/.exec((error as Error).message) ?? []
  if (word === undefined || address === undefined) return undefined
  return word === 'ASK' ? { askAt: address } : {}
}
