/**
 * One primary: the connection that reads and writes, and from the first `writeAndWait` on one for those. Both are given up
 * when the server says that it takes no writes: then it has been deposed, and whoever dials finds out who follows.
 */
import type { Environment } from '../../../core/environment.ts'
import type { Needs } from '../group-commit.ts'
import type { Acknowledged, CommandArgument, Reply } from '../port.ts'
import type { Connection } from './dial.ts'
import type { Interests } from './interests.ts'
import { closedError, keepLink } from './link.ts'
import { isReadOnly } from './server-errors.ts'
import { acknowledgedWrites, type Waits } from './waits.ts'

export interface Primary {
  /** Absent while there is none. */
  readonly connection: Connection | undefined
  readonly read: (args: readonly CommandArgument[]) => Promise<Reply>
  readonly write: (args: readonly CommandArgument[]) => Promise<Reply>
  /** The command by itself, behind an `ASKING`. */
  readonly askingWrite: (args: readonly CommandArgument[]) => Promise<Reply>
  readonly writeAndWait: (args: readonly CommandArgument[], needs: Needs) => Promise<Acknowledged>
  /** Another server is the primary: connects anew. */
  readonly leave: (because: unknown) => void
  readonly close: () => Promise<void>
}

export interface PrimaryOptions {
  readonly environment: Environment
  readonly open: (use: { readonly tracked: boolean }) => Promise<Connection>
  readonly interests: Interests
  readonly onFailedAttempt?: () => void
}

export function primaryOver({ environment, open, interests, onFailedAttempt }: PrimaryOptions): Primary {
  let waits: Waits | undefined
  let wasUp = false
  let closed = false
  const link = keepLink({
    environment,
    open: () => open({ tracked: true }),
    onUp: (connection) => {
      interests.onUp(connection)
      if (wasUp) replaced()
      wasUp = true
    },
    onDown: interests.rerouted,
    ...(onFailedAttempt === undefined ? {} : { onFailedAttempt }),
  })

  return {
    get connection() {
      return link.connection
    },
    read,
    write,
    askingWrite,
    writeAndWait,
    leave,
    close,
  }

  /** It may lead to another server than the last one did. Before the first one, nothing could be read. */
  function replaced(): void {
    interests.rerouted()
    waits?.leave(new Error('The primary was connected to anew.'))
  }

  /** No promise of ours around the driver's: this is on the path of every request. */
  function read(args: readonly CommandArgument[]): Promise<Reply> {
    return (
      link.connection?.sendCommand(args) ?? link.ready().then((connection) => connection.sendCommand(args))
    )
  }

  function write(args: readonly CommandArgument[]): Promise<Reply> {
    return read(args).catch(refused)
  }

  async function askingWrite(args: readonly CommandArgument[]): Promise<Reply> {
    const connection = await link.ready()
    const asking = connection.sendCommand(['ASKING'])
    const reply = connection.sendCommand(args)
    return (await Promise.all([asking, reply]))[1]
  }

  function writeAndWait(args: readonly CommandArgument[], needs: Needs): Promise<Acknowledged> {
    if (closed) return Promise.reject(closedError())
    waits ??= acknowledgedWrites({ environment, open: () => open({ tracked: false }), onReadOnly: leave })
    return waits.write(args, needs)
  }

  function refused(error: unknown): never {
    if (isReadOnly(error)) leave(error)
    throw error
  }

  function leave(because: unknown): void {
    if (link.connection !== undefined) link.replace(link.connection, because)
    waits?.leave(because)
  }

  async function close(): Promise<void> {
    closed = true
    await Promise.all([link.close(), waits?.close()])
  }
}

export function notItsOwn(): Error {
  return new Error('An answer on the connection belonged to another question.')
}
