/**
 * The connection to one server, replaced for ever: after an error, after silence, when it leads to the wrong server. One
 * that was given up is never used again, so what was in flight on it has failed and is not repeated.
 */
import { connect, type Socket } from 'node:net'
import { connect as connectSecurely, type ConnectionOptions as TlsOptions } from 'node:tls'
import type { Environment } from '../../../core/environment.ts'
import { SystemError } from '../../../core/errors.ts'
import type { ServerName } from './servers.ts'
import { type Connection, overSocket } from './connection.ts'

export interface Link {
  /** Absent while there is none. */
  readonly connection: Connection | undefined
  /** A connection that was greeted. Waits for the very first attempt; afterwards rejects at once when there is none. */
  ready(): Promise<Connection>
  /** Idempotent. */
  readonly close: () => void
}

export interface LinkOptions {
  readonly server: ServerName
  readonly tls: TlsOptions | undefined
  readonly environment: Environment
  /** Before anybody else uses it. Rejects when it is not to be used. */
  readonly greet: (connection: Connection) => Promise<void>
  /** Five times a second, once the last look is over. A rejection ends the connection. */
  readonly look: (connection: Connection) => Promise<void>
}

const SHORTEST_PAUSE_MS = 25
const LONGEST_PAUSE_MS = 1_000

export function keepLink(options: LinkOptions): Link {
  const { server, environment } = options
  let connection: Connection | undefined
  let current: Connection | undefined
  let lastReason: SystemError | undefined
  let retry = { cancel: (): void => {} }
  let failures = 0
  let isClosed = false
  let first: Promise<void> | undefined = attempt().finally(() => {
    first = undefined
  })

  return {
    get connection() {
      return connection
    },
    async ready() {
      if (connection === undefined) await first
      if (connection === undefined) throw isClosed ? closedError() : offline(server, lastReason)
      return connection
    },
    close() {
      isClosed = true
      retry.cancel()
      current?.end(closedError())
    },
  }

  async function attempt(): Promise<void> {
    const fresh = overSocket(socketTo(options), { environment, onTick: lookNow, onEnd: ended })
    let isLooking = true
    current = fresh
    await watched(options.greet(fresh))
    if (!fresh.isOpen) return
    failures = 0
    connection = fresh

    function lookNow(): void {
      if (!isLooking) void watched(options.look(fresh))
    }

    async function watched(looking: Promise<void>): Promise<void> {
      isLooking = true
      await looking.catch((error: unknown) => {
        const reason = asReason(error)
        // It was not asked: that says nothing about the server.
        if (reason.code !== 'OVERLOADED') fresh.end(reason)
      })
      isLooking = false
    }
  }

  function ended(because: SystemError): void {
    connection = undefined
    lastReason = because
    if (isClosed) return
    const ceiling = Math.min(SHORTEST_PAUSE_MS * 2 ** failures++, LONGEST_PAUSE_MS)
    retry = environment.after(ceiling * (0.5 + environment.jitter() / 2), () => void attempt())
  }
}

function socketTo({ server: { place }, tls }: LinkOptions): Socket {
  return tls === undefined ? connect(place) : connectSecurely({ ...tls, ...place })
}

function asReason(error: unknown): SystemError {
  if (error instanceof SystemError) return error
  return new SystemError('STORE_UNAVAILABLE', 'The connection to Memcached could not be used.', {
    retryable: true,
    cause: error,
  })
}

function offline({ name }: ServerName, cause: SystemError | undefined): SystemError {
  if (cause !== undefined && !cause.retryable)
    return new SystemError(cause.code, cause.message, { retryable: false, cause })
  const why = cause?.message.replace(/\.$/, '') ?? 'it could not be made'
  return new SystemError('STORE_UNAVAILABLE', `There is no connection to Memcached at ${name}: ${why}.`, {
    retryable: true,
    cause,
  })
}

function closedError(): SystemError {
  return new SystemError('CLOSED', 'The Memcached store has been closed.')
}
