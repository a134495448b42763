/** Writes that are acknowledged by replicas (`group-commit.ts`), on a connection of their own. */
import type { Environment } from '../../../core/environment.ts'
import { outOfStep } from '../failures.ts'
import { type GroupCommit, groupCommit } from '../group-commit.ts'
import { patience } from '../patience.ts'
import type { Connection } from './dial.ts'
import { keepLink, type LinkOptions } from './link.ts'
import { isReadOnly } from './server-errors.ts'
import { silent } from './silence.ts'

export interface Waits {
  readonly write: GroupCommit['write']
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
  const link = keepLink({ environment, open, isQuiet: () => writes.isBusy })
  const writes: GroupCommit = groupCommit({
    environment,
    ready: link.ready,
    send: (connection: Connection, args) => connection.sendCommand(args),
    onSent(connection, waitMs) {
      const limit = patience(environment, waitMs + GRACE_MS, () => link.replace(connection, silent()))
      return () => limit.cancel()
    },
    giveUp: (connection) => link.replace(connection, outOfStep()),
    onRefused(error) {
      if (isReadOnly(error)) onReadOnly(error)
    },
  })
  return {
    write: writes.write,
    leave(because) {
      if (link.connection !== undefined) link.replace(link.connection, because)
    },
    close: link.close,
  }
}
