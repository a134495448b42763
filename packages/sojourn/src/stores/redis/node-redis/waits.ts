/**
 * Writes that are acknowledged by replicas, on a connection of their own. Writes that wait at the same time leave
 * together, in one write to the socket and with one `WAIT` after them; those that come in the meantime leave together
 * when it has answered. `WAIT` counts the replicas that have *everything* this connection has written, so for a single
 * write of the batch its answer is never too high, and nobody else writes here.
 *
 *     EVALSHA …          write of one caller
 *     EVALSHA …          write of another
 *     WAIT 1 100         → 1: both are on one replica at least
 */
import type { Environment } from '../../../core/environment.ts'
import type { Acknowledged, CommandArgument, Reply, WaitOptions } from '../port.ts'
import type { Connection } from './dial.ts'
import { keepLink, type LinkOptions } from './link.ts'
import { isReadOnly } from './server-errors.ts'
import { silent } from './silence.ts'

export interface Needs extends Pick<WaitOptions, 'replicas' | 'timeoutMs'> {
  /** Behind an `ASKING`: its slot is on its way to this server. */
  readonly asking?: boolean
}

interface Waiting {
  readonly args: readonly CommandArgument[]
  readonly needs: Needs
  readonly resolve: (acknowledged: Acknowledged) => void
  readonly reject: (error: unknown) => void
}

export interface Waits {
  readonly write: (args: readonly CommandArgument[], needs: Needs) => Promise<Acknowledged>
  /** Gives up the connection: it leads to a server that is no longer the primary. */
  readonly leave: (because: unknown) => void
  readonly close: () => Promise<void>
}

export interface WaitsOptions {
  readonly environment: Environment
  readonly open: LinkOptions['open']
  /** A server that took writes takes none any more. */
  readonly onReadOnly: (error: unknown) => void
}

/** What an answer may take on its way, beyond what the server was told to wait. */
const GRACE_MS = 800

export function acknowledgedWrites({ environment, open, onReadOnly }: WaitsOptions): Waits {
  let busy = false
  const link = keepLink({ environment, open, isQuiet: () => busy })
  const queue: Waiting[] = []
  return { write, leave, close: link.close }

  function write(args: readonly CommandArgument[], needs: Needs): Promise<Acknowledged> {
    return new Promise((resolve, reject) => {
      queue.push({ args, needs, resolve, reject })
      if (!busy) void sendAll()
    })
  }

  async function sendAll(): Promise<void> {
    busy = true
    // Others of this turn come along.
    await Promise.resolve()
    while (queue.length > 0) await send(takeAlike(queue))
    busy = false
  }

  async function send(batch: readonly Waiting[]): Promise<void> {
    try {
      const connection = await link.ready()
      await sendOn(connection, batch)
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }

  async function sendOn(connection: Connection, batch: readonly Waiting[]): Promise<void> {
    const { replicas, timeoutMs } = needsOf(batch)
    // 0 would wait for ever.
    const wait = Math.max(1, Math.ceil(timeoutMs))
    const replies = batch.map((waiting) => sendWrite(connection, waiting))
    const waited = connection.sendCommand(['WAIT', String(replicas), String(wait)])
    const patience = environment.after(wait + GRACE_MS, () => link.replace(connection, silent()))
    await Promise.allSettled(
      batch.map((waiting, at) => settle(waiting, replies[at] as Promise<Reply>, waited)),
    )
    patience.cancel()
  }

  async function settle(waiting: Waiting, answered: Promise<Reply>, waited: Promise<Reply>): Promise<void> {
    try {
      const [reply, replicas] = await Promise.all([answered, waited])
      waiting.resolve({ reply, replicas: Number(replicas) })
    } catch (error) {
      waiting.reject(error)
      if (isReadOnly(error)) onReadOnly(error)
    }
  }

  function leave(because: unknown): void {
    if (link.connection !== undefined) link.replace(link.connection, because)
  }
}

function sendWrite(connection: Connection, { args, needs }: Waiting): Promise<Reply> {
  // Its own answer says nothing that the next one does not.
  if (needs.asking === true) connection.sendCommand(['ASKING']).catch(() => {})
  return connection.sendCommand(args)
}

/** Takes those out that want what the first one wants. */
function takeAlike(queue: Waiting[]): readonly Waiting[] {
  const [first] = queue as [Waiting]
  const isAlike = ({ needs }: Waiting): boolean =>
    needs.replicas === first.needs.replicas && needs.timeoutMs === first.needs.timeoutMs
  const batch = queue.filter(isAlike)
  queue.splice(0, queue.length, ...queue.filter((waiting) => !isAlike(waiting)))
  return batch
}

function needsOf([first]: readonly Waiting[]): Needs {
  return (first as Waiting).needs
}
