/**
 * A command as the driver's `sendCommand` takes it, made of no more than what that asks for: half the cost of the
 * driver's own `Command`, and bytes in, bytes out.
 *
 * The driver is shown the name and no arguments. It hangs them on every error that the server answers, and they hold
 * hashes of secrets and what applications store.
 */
import type { Command, Redis } from 'ioredis'
import { endOfTurn } from '../../../environment/turn.ts'
import type { CommandArgument, Reply } from '../port.ts'

export interface Outcome {
  /** Called between two replies, not a promise job later. */
  readonly resolve: (reply: Reply) => void
  readonly reject: (error: Error) => void
  /** Where a cluster keeps the key. */
  readonly slot?: number | undefined
  /** Called before the command goes where its slot has moved to. Not while the slot moves: then it goes elsewhere once. */
  readonly moved?: () => void
  /** The driver counts the channels that it is shown, so that it knows whose answer comes next. */
  readonly channel?: string
}

type Reject = Outcome['reject']

const NOTHING: readonly string[] = []
const REDIRECTION = /^(?:MOVED|ASK) /

export function driverCommand(args: readonly CommandArgument[], outcome: Outcome): Command {
  return new PortCommand(args, outcome) as unknown as Command
}

/** A class, as one is made for every command: an object with an accessor of its own costs microseconds to make. */
class PortCommand {
  readonly name: string
  readonly args: readonly string[]
  readonly isTraced = true
  readonly resolve: Outcome['resolve']
  readonly #sent: readonly CommandArgument[]
  readonly #outcome: Outcome
  #refused: Reject | undefined

  constructor(sent: readonly CommandArgument[], outcome: Outcome) {
    this.name = String(sent[0]).toLowerCase()
    this.args = outcome.channel === undefined ? NOTHING : [outcome.channel]
    this.resolve = outcome.resolve
    this.#sent = sent
    this.#outcome = outcome
  }

  setReplyContext(): void {
    // Replies are bytes in any case.
  }

  setTimeout(): void {
    // Deadlines are the caller's, also where a client was handed in that has `commandTimeout`.
  }

  getSlot(): number | undefined {
    return this.#outcome.slot
  }

  toWritable(socket: Redis['stream']): Buffer {
    gather(socket)
    return encoded(this.#sent)
  }

  get reject(): Reject {
    return this.#refused ?? this.#outcome.reject
  }

  /**
   * A cluster puts its own here, which sends again what a lost connection left open, what met `TRYAGAIN`, and more.
   * Only what was surely not executed is sent again, and only to where the server said.
   */
  set reject(follow: Reject) {
    const { reject, moved } = this.#outcome
    this.#refused = (error) => {
      if (!REDIRECTION.test(error.message)) return reject(error)
      if (error.message.startsWith('MOVED')) moved?.()
      follow(error)
    }
  }
}

/** Sends the command on this connection and no other. */
export function ask(node: Redis, args: readonly CommandArgument[]): Promise<Reply> {
  return new Promise((resolve, reject) => {
    node.sendCommand(driverCommand(args, { resolve, reject }))
  })
}

export function ignore(): void {
  // Whoever passes this has another way of finding out.
}

/** What is sent in one turn leaves in one write: a system call for each costs more than all the rest of a command. */
function gather(socket: Redis['stream']): void {
  if (socket.writableCorked > 0) return
  socket.cork()
  endOfTurn(() => socket.uncork())
}

/** @see https://redis.io/docs/latest/develop/reference/protocol-spec/ */
function encoded(args: readonly CommandArgument[]): Buffer {
  let text = `*${args.length}\r\n`
  for (const arg of args) {
    const bytes = byteText(arg)
    text += `$${bytes.length}\r\n${bytes}\r\n`
  }
  return Buffer.from(text, 'latin1')
}

/** One character a byte: text is put together faster than buffers are. */
function byteText(arg: CommandArgument): string {
  if (typeof arg !== 'string') return arg.toString('latin1')
  const isAscii = Buffer.byteLength(arg) === arg.length
  return isAscii ? arg : Buffer.from(arg).toString('latin1')
}
