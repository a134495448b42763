/**
 * One connection, replaced for ever: after an error, after silence, or when its user says that it leads to the wrong
 * server. A connection that was given up is never used again, so what was in flight on it has failed and is not repeated.
 */
import type { Environment } from '../../../core/environment.ts'
import { SystemError } from '../../../core/errors.ts'
import { pauses } from '../pauses.ts'
import type { Connection } from './dial.ts'
import { watchForSilence } from './silence.ts'

export interface Link {
  /** Absent while there is none. */
  readonly connection: Connection | undefined
  /** The connection; waits for the very first attempt, and rejects at once when there is none afterwards. */
  readonly ready: () => Promise<Connection>
  /** Gives it up, if it has not been already, and makes another. */
  readonly replace: (connection: Connection, because: unknown) => void
  /** Resolves when nothing is open any more. Idempotent. */
  readonly close: () => Promise<void>
}

export interface LinkOptions {
  readonly environment: Environment
  /** Resolves with a connection that can be used. Called again after a pause whenever it rejects. */
  readonly open: () => Promise<Connection>
  /** Before anything else is sent on it. */
  readonly onUp?: (connection: Connection) => void
  /** Before the calls in flight are rejected. */
  readonly onDown?: () => void
  readonly onFailedAttempt?: () => void
  /** While it says so, silence is expected and nobody listens for it. */
  readonly isQuiet?: () => boolean
}

export function keepLink(options: LinkOptions): Link {
  const { environment } = options
  const pause = pauses(environment)
  let connection: Connection | undefined
  let reason: unknown
  let closed = false
  let failures = 0
  let stopWatching = (): void => {}
  let retry = { cancel: (): void => {} }
  let attempting = attempt()
  let first: Promise<void> | undefined = attempting.finally(() => (first = undefined))

  return {
    get connection() {
      return connection
    },
    async ready() {
      if (connection === undefined) await first
      if (connection === undefined) throw closed ? closedError() : offline(reason)
      return connection
    },
    replace,
    close,
  }

  async function attempt(): Promise<void> {
    try {
      const fresh = await options.open()
      if (closed) return fresh.destroy()
      if (!fresh.isReady) throw new Error('The connection was lost as soon as it was made.')
      up(fresh)
    } catch (error) {
      reason = error
      retryLater()
      if (!closed) options.onFailedAttempt?.()
    }
  }

  function up(fresh: Connection): void {
    fresh.on('error', (error) => replace(fresh, error))
    stopWatching = watchForSilence(fresh, {
      environment,
      isQuiet: options.isQuiet,
      onSilent: (error) => replace(fresh, error),
    })
    failures = 0
    connection = fresh
    options.onUp?.(fresh)
  }

  function replace(lost: Connection, because: unknown): void {
    if (lost !== connection) return
    down(because)
    retryLater()
  }

  function down(because: unknown): void {
    const lost = connection
    connection = undefined
    reason = because
    stopWatching()
    options.onDown?.()
    lost?.destroy()
  }

  function retryLater(): void {
    if (closed) return
    retry = environment.after(pause(++failures), () => {
      attempting = attempt()
    })
  }

  async function close(): Promise<void> {
    closed = true
    retry.cancel()
    if (connection !== undefined) down(undefined)
    await attempting
  }
}

function offline(cause: unknown): SystemError {
  const why =
    cause instanceof Error && cause.message !== '' ? cause.message.replace(/\.$/, '') : 'it could not be made'
  return new SystemError('STORE_UNAVAILABLE', `There is no connection to Redis: ${why}.`, {
    retryable: true,
    cause,
  })
}

export function closedError(): SystemError {
  return new SystemError('CLOSED', 'The port to Redis has been closed.')
}
