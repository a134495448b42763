/**
 * A TCP connection that fails in the ways real ones do: cut in the middle of an answer, silent and still open,
 * refused, reset, late, in drips. It stands between a client and a server of this machine and passes bytes on until it
 * is told otherwise.
 */
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { type Disturbance, type Edit, type Way, pipe } from './link-pipe.ts'
import { freePorts } from './ports.ts'

export type { Way } from './link-pipe.ts'

export interface Link {
  /** Of 127.0.0.1, where clients connect. */
  readonly port: number
  /** How many connections clients have made or tried to make. */
  readonly attempts: () => number
  /**
   * Cuts one connection, once: the next on which `text` passes that way. It comes through up to the middle of `text`,
   * which therefore must be short. Resolves when it is cut.
   */
  readonly cutAt: (way: Way, text: string) => Promise<void>
  /** The connections that are there stay open, and nothing passes on them any more. New ones are well. */
  readonly swallow: () => void
  /** All connections stay open, new ones too, and nothing passes that way until `accept`: what is sent meanwhile is lost. */
  readonly hold: (way: Way) => void
  /** Closes the connections that are there. */
  readonly drop: () => void
  /** Resets those that are there on both sides: `ECONNRESET` instead of an end. */
  readonly reset: () => void
  /** Closes those that are there, and each new one at once, until `accept`. */
  readonly refuse: () => void
  /** Ends `refuse` and `hold`. */
  readonly accept: () => void
  /** What is sent from now on comes so much later, both ways and in order; 0 ends it. What is late is lost when the connection closes. */
  readonly delay: (ms: number) => void
  /** What is sent from now on passes in pieces of a few bytes, so many a second, both ways; `Infinity` ends it. */
  readonly trickle: (bytesPerSecond: number) => void
  /** Passes on what `change` makes of each chunk that arrives that way, until another is given; chunks end anywhere. */
  readonly edit: (way: Way, change: Edit) => void
  readonly stop: () => Promise<void>
}

interface Pair {
  readonly client: Socket
  readonly server: Socket
}

interface State extends Disturbance {
  readonly pairs: Set<Pair>
  attempts: number
  refuses: boolean
}

/** A link to the port of 127.0.0.1. */
export async function startLink(target: number): Promise<Link> {
  const state: State = {
    pairs: new Set(),
    attempts: 0,
    refuses: false,
    held: new Set(),
    delayMs: 0,
    bytesPerSecond: Infinity,
    edits: new Map(),
  }
  const [port = 0] = await freePorts(1)
  const listener = createServer((client) => {
    state.attempts++
    if (state.refuses) client.destroy()
    else join(client, target, state)
  }).listen(port, '127.0.0.1')
  await once(listener, 'listening')
  return linkOver(state, {
    port,
    async stop() {
      const closed = once(listener.close(), 'close')
      state.pairs.forEach(closeBoth)
      await closed
    },
  })
}

function linkOver(state: State, own: Pick<Link, 'port' | 'stop'>): Link {
  const drop = (): void => state.pairs.forEach(closeBoth)
  return {
    ...own,
    attempts: () => state.attempts,
    cutAt: (way, text) =>
      new Promise((done) => {
        state.cut = { way, text, done }
      }),
    swallow: () => state.pairs.forEach(silence),
    hold: (way) => void state.held.add(way),
    drop,
    reset: () => state.pairs.forEach(resetBoth),
    refuse() {
      state.refuses = true
      drop()
    },
    accept() {
      state.refuses = false
      state.held.clear()
    },
    delay(ms) {
      state.delayMs = ms
    },
    trickle(bytesPerSecond) {
      state.bytesPerSecond = bytesPerSecond
    },
    edit: (way, change) => void state.edits.set(way, change),
  }
}

function join(client: Socket, target: number, state: State): void {
  const pair: Pair = { client, server: connect(target, '127.0.0.1') }
  state.pairs.add(pair)
  for (const socket of [pair.client, pair.server]) {
    socket.setNoDelay(true)
    // What went wrong on one side the other one hears of as a close.
    socket.on('error', () => {})
    socket.on('close', () => {
      state.pairs.delete(pair)
      closeBoth(pair)
    })
  }
  pipe({ way: 'request', from: pair.client, to: pair.server }, state)
  pipe({ way: 'answer', from: pair.server, to: pair.client }, state)
}

function silence({ client, server }: Pair): void {
  for (const socket of [client, server]) socket.removeAllListeners('data').resume()
}

function closeBoth({ client, server }: Pair): void {
  client.destroy()
  server.destroy()
}

function resetBoth({ client, server }: Pair): void {
  client.resetAndDestroy()
  server.resetAndDestroy()
}
