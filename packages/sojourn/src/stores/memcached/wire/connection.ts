/**
 * One connection: commands leave in the order in which they were given, those of one turn in one write, and answers come
 * in the same order. Each command carries a number that its answer repeats, so an answer is never taken for another's: if
 * it were, somebody would be handed the wrong session, or be told that there is none. Whatever looks like it ends the
 * connection, and with it all that was in flight; nothing is ever sent again.
 *
 * A server that has gone silent is found within a second. Ticks are counted, and no clock is looked at: after this
 * process was held up itself, answers are read before the next tick.
 */
import type { Socket } from 'node:net'
import type { Environment, Timer } from '../../../core/environment.ts'
import { SystemError } from '../../../core/errors.ts'
import { endOfTurn } from '../../../environment/turn.ts'
import { refusalIn } from './failures.ts'
import { createReplyReader, notAnAnswer, type Reply } from './reply.ts'

export interface Connection {
  readonly isOpen: boolean
  /** Bytes that a value may have here; 0 until the server has been asked. */
  largest: number
  /**
   * Rejects with the `SystemError` for what the server refused, or with why the connection ended. `OVERLOADED`: it was not
   * sent.
   */
  send(command: Command): Promise<Reply>
  /** Idempotent. What is in flight rejects; whether it is done nobody knows. */
  end(because: SystemError): void
}

export interface Command {
  /** Without the end of the line. */
  readonly line: string
  /** What follows it. */
  readonly value?: Uint8Array
  /** Takes no number, and ends with a line that has none: `version`, `mn`, `stats`. */
  readonly plain?: true
}

export interface ConnectionOptions {
  readonly environment: Environment
  /** Five times a second. Whoever asks something then will know of silence within a second. */
  readonly onTick: () => void
  /** Once, however it ended. What was in flight has been rejected. */
  readonly onEnd: (because: SystemError) => void
}

interface Waiting {
  /** As the answer repeats it; empty for a plain command. */
  readonly number: string
  readonly resolve: (reply: Reply) => void
  readonly reject: (error: SystemError) => void
}

const TICK_MS = 200
/** Ticks that may pass without any answer while one is waited for. */
const PATIENCE = 4
const MOST_WAITING = 4_096
/** Lines; Memcached has some 80. */
const MOST_STATISTICS = 1_000
const MOST_UNSENT_BYTES = 16 << 20
/** Before the server has been asked how large its values may be. */
const FIRST_LARGEST = 4_096

export function overSocket(socket: Socket, options: ConnectionOptions): Connection {
  const waiting: Waiting[] = []
  const reader = createReplyReader(settle, FIRST_LARGEST)
  let unsent: (string | Uint8Array)[] = []
  let unsentBytes = 0
  let statistics: string[] = []
  let sent = 0
  let quietTicks = 0
  let isOpen = true
  let timer: Timer = options.environment.after(TICK_MS, tick)

  socket.setNoDelay(true)
  socket.on('data', receive)
  socket.on('error', (cause) => end(lost(cause)))
  socket.on('close', () => end(lost()))

  return {
    get isOpen() {
      return isOpen
    },
    get largest() {
      return reader.largest
    },
    set largest(bytes) {
      reader.largest = bytes
    },
    send: (command) =>
      new Promise((resolve, reject) => {
        if (!isOpen) return reject(lost())
        if (waiting.length >= MOST_WAITING || socket.writableLength + unsentBytes > MOST_UNSENT_BYTES)
          return reject(overloaded())
        const number = command.plain === true ? '' : `O${++sent}`
        waiting.push({ number, resolve, reject })
        gather(command, number)
      }),
    end,
  }

  function gather({ line, value }: Command, number: string): void {
    if (unsent.length === 0) endOfTurn(flush)
    const head = number === '' ? `${line}\r\n` : `${line} ${number}\r\n`
    unsent.push(head)
    unsentBytes += head.length
    if (value === undefined) return
    unsent.push(value, '\r\n')
    unsentBytes += value.length
  }

  function flush(): void {
    const parts = unsent
    unsent = []
    unsentBytes = 0
    if (!isOpen) return
    // Reads are nothing but text, which the socket turns into bytes at less cost.
    if (parts.every((part) => typeof part === 'string')) socket.write(parts.join(''), 'latin1')
    else socket.write(Buffer.concat(parts.map(asBytes)))
  }

  function receive(chunk: Buffer): void {
    try {
      reader.feed(chunk)
    } catch (error) {
      end(error instanceof SystemError ? error : lost(error))
    }
  }

  function settle(reply: Reply): void {
    if (!isOpen) return
    quietTicks = 0
    if (reply.status === 'STAT') {
      if (statistics.push(reply.words.join(' ')) > MOST_STATISTICS) throw notAnAnswer()
      return
    }
    const first = waiting.shift()
    if (first === undefined) throw notAnAnswer()
    const refusal = refusalIn(reply)
    if (refusal === undefined) return resolveWith(first, reply)
    first.reject(refusal.error)
    // Whether what follows belongs to the next command is not certain.
    if (refusal.endsConnection) end(refusal.error)
  }

  function resolveWith(first: Waiting, reply: Reply): void {
    if (first.number !== '' && !reply.words.includes(first.number)) {
      const error = notAnAnswer()
      first.reject(error)
      throw error
    }
    if (reply.status !== 'END') return first.resolve(reply)
    first.resolve({ ...reply, words: statistics })
    statistics = []
  }

  function tick(): void {
    if (waiting.length > 0 && ++quietTicks >= PATIENCE) return end(silent())
    options.onTick()
    timer = options.environment.after(TICK_MS, tick)
  }

  function end(because: SystemError): void {
    if (!isOpen) return
    isOpen = false
    timer.cancel()
    socket.destroy()
    const failure = inFlight(because)
    for (const { reject } of waiting.splice(0)) reject(failure)
    options.onEnd(because)
  }
}

function asBytes(part: string | Uint8Array): Uint8Array {
  return typeof part === 'string' ? Buffer.from(part, 'latin1') : part
}

/** Most codes say that nothing was written. That is so of the command that was refused, not of those around it. */
function inFlight(because: SystemError): SystemError {
  if (because.code === 'STORE_UNAVAILABLE') return because
  return unavailable(`The connection to Memcached was given up (${because.message})`, because)
}

function lost(cause?: unknown): SystemError {
  const why = cause instanceof Error ? ` (${cause.message})` : ''
  return unavailable(`The connection to Memcached was lost${why}.`, cause)
}

function silent(): SystemError {
  return unavailable('Memcached has gone silent.')
}

function unavailable(message: string, cause?: unknown): SystemError {
  return new SystemError('STORE_UNAVAILABLE', message, { retryable: true, cause })
}

function overloaded(): SystemError {
  return new SystemError(
    'OVERLOADED',
    'Too much waits for this Memcached server already; this call was not made.',
    { retryable: true },
  )
}
