/**
 * Writes that wait for replicas, together. Those that wait at the same time leave in one write to the socket and with
 * one `WAIT` after them; those that come meanwhile leave together when it has answered. So however many there are,
 * also while a replica is missing, nobody stands behind more than one `WAIT` of those who want the same.
 *
 * `WAIT` counts the replicas that have *everything* its connection has written, so for a single write of the batch its
 * answer is never too high. Nobody else writes on the connection.
 *
 * That answer is a bare number, and carries nothing of its question. So an echo goes behind it: if that does not come
 * back, answers went to the wrong questions, nothing is confirmed, and the connection is given up.
 *
 *     EVALSHA …          write of one caller
 *     EVALSHA …          write of another
 *     WAIT 1 100         → 1: both are on one replica at least
 *     PING <random>      → the same
 */
import type { Environment, Timer } from '../../core/environment.ts'
import { SystemError } from '../../core/errors.ts'
import { outOfStep } from './failures.ts'
import { patience } from './patience.ts'
import type { Acknowledged, CommandArgument, Reply, WaitOptions } from './port.ts'

export interface Needs extends Pick<WaitOptions, 'replicas' | 'timeoutMs'> {
  /** Behind an `ASKING`: its slot is on its way to this server. */
  readonly asking?: boolean
}

export interface GroupCommitOptions<Connection> {
  readonly environment: Environment
  /** Rejects when there is none; then nothing is sent. */
  readonly ready: () => Promise<Connection>
  readonly send: (connection: Connection, args: readonly CommandArgument[]) => Promise<Reply>
  /** Told that something is about to be sent on it, and that the server may keep silent for `waitMs` then. The answer is called when it has answered. */
  readonly onSent: (connection: Connection, waitMs: number) => () => void
  readonly onRefused?: (error: unknown) => void
  /** What is answered on it does not belong to what was asked. */
  readonly giveUp: (connection: Connection) => void
}

export interface GroupCommit {
  /** Whether somebody waits. */
  readonly isBusy: boolean
  readonly write: (args: readonly CommandArgument[], needs: Needs) => Promise<Acknowledged>
  /** What has not left rejects; resolves when nobody waits any more. */
  readonly end: (because: unknown) => Promise<void>
}

interface Waiting {
  readonly args: readonly CommandArgument[]
  readonly needs: Needs
  /** Ends the wait for its turn. */
  readonly limit: Timer
  readonly resolve: (acknowledged: Acknowledged) => void
  readonly reject: (error: unknown) => void
}

/** Whoever waits for its turn longer than that and its own `WAIT` has given up: the write would come as a surprise. */
const MOST_QUEUED_MS = 1_000
const ECHO_BYTES = 9

export function groupCommit<Connection>(options: GroupCommitOptions<Connection>): GroupCommit {
  const { environment, ready, send, onSent, onRefused, giveUp } = options
  const queue: Waiting[] = []
  let underWay: Promise<void> | undefined

  return {
    get isBusy() {
      return underWay !== undefined
    },
    write: (args, needs) =>
      new Promise((resolve, reject) => {
        const limit = patience(environment, needs.timeoutMs + MOST_QUEUED_MS, () => {
          queue.splice(queue.indexOf(waiting), 1)
          reject(tooLate())
        })
        const waiting: Waiting = { args, needs, limit, resolve, reject }
        queue.push(waiting)
        underWay ??= sendAll()
      }),
    async end(because) {
      refuseAll(because)
      await underWay
    },
  }

  async function sendAll(): Promise<void> {
    // Others of this turn come along.
    await Promise.resolve()
    while (queue.length > 0) await ready().then(sendNext, refuseAll)
    underWay = undefined
  }

  async function sendNext(connection: Connection): Promise<void> {
    const batch = takeAlike(queue)
    for (const { limit } of batch) limit.cancel()
    try {
      await sendTogether(connection, batch)
    } catch (error) {
      // Not the server's: whoever has no answer yet gets this one, and the next ones have their turn.
      for (const { reject } of batch) reject(error)
    }
  }

  async function sendTogether(connection: Connection, batch: readonly Waiting[]): Promise<void> {
    const [first] = batch
    if (first === undefined) return
    const { replicas, timeoutMs } = first.needs
    // 0 would wait for ever.
    const waitMs = Math.max(1, Math.ceil(timeoutMs))
    const answered = onSent(connection, waitMs)
    try {
      const replies = batch.map((waiting) => sendWrite(connection, waiting))
      const waited = inStep(connection, send(connection, ['WAIT', String(replicas), String(waitMs)]))
      await Promise.all(batch.map((waiting, at) => settle(waiting, replies[at] as Promise<Reply>, waited)))
    } finally {
      answered()
    }
  }

  async function inStep(connection: Connection, answer: Promise<Reply>): Promise<Reply> {
    const echo = environment.randomBytes(ECHO_BYTES).toString('base64url')
    const [reply, heard] = await Promise.all([answer, send(connection, ['PING', echo])])
    if (String(heard) === echo) return reply
    giveUp(connection)
    throw outOfStep()
  }

  function sendWrite(connection: Connection, { args, needs }: Waiting): Promise<Reply> {
    // Its own answer says nothing that the next one does not.
    if (needs.asking === true) send(connection, ['ASKING']).catch(() => {})
    return send(connection, args)
  }

  async function settle(waiting: Waiting, written: Promise<Reply>, waited: Promise<Reply>): Promise<void> {
    try {
      const [reply, replicas] = await Promise.all([written, waited])
      waiting.resolve({ reply, replicas: Number(replicas) })
    } catch (error) {
      waiting.reject(error)
      onRefused?.(error)
    }
  }

  function refuseAll(because: unknown): void {
    for (const { limit, reject } of queue.splice(0)) {
      limit.cancel()
      reject(because)
    }
  }
}

/** Takes those out that want what the first one wants: nobody waits for what only others want. */
function takeAlike(queue: Waiting[]): readonly Waiting[] {
  const [first] = queue
  const isAlike = ({ needs }: Waiting): boolean =>
    needs.replicas === first?.needs.replicas && needs.timeoutMs === first.needs.timeoutMs
  const batch = queue.filter(isAlike)
  queue.splice(0, queue.length, ...queue.filter((waiting) => !isAlike(waiting)))
  return batch
}

function tooLate(): SystemError {
  return new SystemError(
    'STORE_UNAVAILABLE',
    'The write was not sent: it had waited too long for its turn. Check how fast Redis answers, and how busy this process is.',
    { retryable: true },
  )
}
