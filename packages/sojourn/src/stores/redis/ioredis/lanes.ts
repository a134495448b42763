/**
 * Writes that wait for replicas, on connections of their own beside the one that reads go through.
 *
 *     EVALSHA …            ┐ one socket write
 *     WAIT 2 100           ┘
 *
 * The server counts for each connection how far its own last write has come, and answers nothing else on it while it
 * waits. So on one lane the answers come in pairs, each `WAIT` about the write before it: callers that share a lane
 * wait for each other and are never told of each other's writes. To wait for each other seldom, there are up to four.
 *
 * A lane is opened when it is needed, and is never connected again: whoever used it learns that nobody knows. It
 * belongs to the very connection that reads go through, and goes with it: after a failover none is left at the old primary.
 */
import type { Redis } from 'ioredis'
import type { Environment } from '../../../core/environment.ts'
import type { Acknowledged, CommandArgument, RedisPort, Reply, WaitOptions } from '../port.ts'
import { driverCommand, ignore } from './command.ts'
import { gone, type Links } from './links.ts'
import { ONCE } from './settings.ts'
import { watchForSilence } from './watch.ts'

export interface Lanes {
  readonly writeAndWait: RedisPort['writeAndWait']
  readonly close: () => Promise<unknown>
}

interface Lane {
  readonly redis: Redis
  readonly ready: Promise<void>
  /** How long each call on it may hold back all answers, milliseconds. */
  readonly waits: number[]
  isOver: boolean
}

interface Redirection {
  /** Where `ASK` points to; absent for `MOVED`. */
  readonly askAt?: string
}

const MOST_LANES = 4
const MOST_REDIRECTIONS = 4

export function createLanes(links: Links, environment: Environment): Lanes {
  const lanes = new Map<Redis['stream'], Lane[]>()

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

  async function writeOnce(args: readonly CommandArgument[], options: PairOptions): Promise<Acknowledged> {
    const { asking, key, timeoutMs } = options
    const node = asking === undefined ? links.primaryOf(key) : links.nodeAt(asking)
    if (node?.status !== 'ready') throw new Error('There is no connection to the server that has the key.')
    const lane = laneBeside(node)
    lane.waits.push(timeoutMs)
    try {
      await lane.ready
      return await sendPair(lane.redis, args, options)
    } finally {
      lane.waits.splice(lane.waits.indexOf(timeoutMs), 1)
      if (lane.isOver) retire(lane)
    }
  }

  /** The one that the fewest wait on, or another one while there may be more. */
  function laneBeside(node: Redis): Lane {
    const beside = lanesAt(node.stream)
    const [calmest] = beside.toSorted((a, b) => a.waits.length - b.waits.length)
    if (calmest !== undefined && (calmest.waits.length === 0 || beside.length === MOST_LANES)) return calmest
    const lane = openLane(node, environment)
    beside.push(lane)
    lane.redis.once('end', () => void beside.splice(beside.indexOf(lane), 1))
    return lane
  }

  function lanesAt(socket: Redis['stream']): Lane[] {
    const known = lanes.get(socket)
    if (known !== undefined) return known
    const beside: Lane[] = []
    lanes.set(socket, beside)
    socket.once('close', () => {
      lanes.delete(socket)
      beside.forEach(retire)
    })
    return beside
  }

  return {
    writeAndWait,
    close() {
      const open = [...lanes.values()].flat().map(({ redis }) => redis)
      for (const redis of open) redis.disconnect()
      return Promise.all(open.map(gone))
    },
  }
}

function openLane(node: Redis, environment: Environment): Lane {
  const redis = node.duplicate({ ...ONCE, enableOfflineQueue: false, keyPrefix: '' })
  const lane: Lane = { redis, ready: redis.connect(), waits: [], isOver: false }
  const patience = (): number => lane.waits.reduce((sum, wait) => sum + wait, 0)
  const stopWatching = watchForSilence(redis, { environment, patience })
  redis.on('error', ignore)
  redis.once('end', stopWatching)
  return lane
}

/** Nobody begins on it any more, and it closes when the last one has an answer. */
function retire(lane: Lane): void {
  lane.isOver = true
  if (lane.waits.length === 0) lane.redis.disconnect()
}

interface PairOptions extends WaitOptions {
  readonly asking: string | undefined
}

function sendPair(
  redis: Redis,
  args: readonly CommandArgument[],
  { asking, replicas, timeoutMs }: PairOptions,
): Promise<Acknowledged> {
  return new Promise((resolve, reject) => {
    let reply: Reply = null
    const send = (words: readonly CommandArgument[], heard: (answer: Reply) => void): void =>
      void redis.sendCommand(driverCommand(words, { resolve: heard, reject }))
    if (asking !== undefined) send(['ASKING'], ignore)
    send(args, (answer) => (reply = answer))
    // 0 would be for ever.
    const timeout = String(Math.max(1, Math.ceil(timeoutMs)))
    send(['WAIT', String(replicas), timeout], (count) => resolve({ reply, replicas: Number(count) }))
  })
}

/** Whoever answers so has not run the command. */
function redirectionIn(error: unknown): Redirection | undefined {
  const [, word, address] = /^(MOVED|ASK) \d+ (\S+)$/.exec((error as Error).message) ?? []
  if (word === undefined || address === undefined) return undefined
  return word === 'ASK' ? { askAt: address } : {}
}
