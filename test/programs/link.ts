/**
 * A TCP connection that fails in the ways real ones do: cut in the middle of an answer, silent and still open,
 * refused. It stands between a client and a server of this machine and passes bytes on until it is told otherwise.
 */
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { freePorts } from './ports.ts'

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
  /** Closes the connections that are there. */
  readonly drop: () => void
  /** Closes those that are there, and each new one at once, until `accept`. */
  readonly refuse: () => void
  readonly accept: () => void
  readonly stop: () => Promise<void>
}

export type Way = 'request' | 'answer'

interface Pair {
  readonly client: Socket
  readonly server: Socket
}

interface Cut {
  readonly way: Way
  readonly text: string
  readonly done: () => void
}

interface State {
  readonly pairs: Set<Pair>
  attempts: number
  refuses: boolean
  cut?: Cut | undefined
}

/** A link to the port of 127.0.0.1. */
export async function startLink(target: number): Promise<Link> {
  const state: State = { pairs: new Set(), attempts: 0, refuses: false }
  const [port = 0] = await freePorts(1)
  const listener = createServer((client) => {
    state.attempts++
    if (state.refuses) client.destroy()
    else join(client, target, state)
  }).listen(port, '127.0.0.1')
  await once(listener, 'listening')
  const drop = (): void => state.pairs.forEach(closeBoth)
  return {
    port,
    attempts: () => state.attempts,
    cutAt: (way, text) =>
      new Promise((done) => {
        state.cut = { way, text, done }
      }),
    swallow: () => state.pairs.forEach(silence),
    drop,
    refuse() {
      state.refuses = true
      drop()
    },
    accept() {
      state.refuses = false
    },
    async stop() {
      const closed = once(listener.close(), 'close')
      drop()
      await closed
    },
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
  pass('request', pair, state)
  pass('answer', pair, state)
}

function pass(way: Way, { client, server }: Pair, state: State): void {
  const [from, to] = way === 'request' ? [client, server] : [server, client]
  from.on('data', (bytes: Buffer) => {
    const { cut } = state
    const at = cut?.way === way ? bytes.indexOf(cut.text) : -1
    if (cut === undefined || at < 0) {
      to.write(bytes)
      return
    }
    state.cut = undefined
    from.removeAllListeners('data').resume()
    to.end(bytes.subarray(0, at + Math.ceil(cut.text.length / 2)))
    cut.done()
  })
}

function silence({ client, server }: Pair): void {
  for (const socket of [client, server]) socket.removeAllListeners('data').resume()
}

function closeBoth({ client, server }: Pair): void {
  client.destroy()
  server.destroy()
}
