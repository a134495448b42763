/**
 * What the refusals of Memcached mean to a caller.
 *
 *     SERVER_ERROR out of memory …, object too large …   STORE_FULL          what was to be written was not; what stood at
 *                                                                            the key may be gone: Memcached removes it then
 *     SERVER_ERROR …, ERROR Too many open connections     STORE_UNAVAILABLE   retryable, nobody knows
 *     CLIENT_ERROR unauthenticated, a login               STORE_DENIED        nothing was written
 *     ERROR                                               STORE_UNSUPPORTED   nothing was written
 *     CLIENT_ERROR …                                      STORE_CORRUPT       we are not understood
 */
import { SystemError } from '../../../core/errors.ts'

export interface Refusal {
  readonly error: SystemError
  /** It is not certain that the server understands what comes next as we do. */
  readonly endsConnection: boolean
}

/** `undefined`: the reply is an answer. */
export function refusalIn({
  status,
  words,
}: {
  readonly status: string
  readonly words: readonly string[]
}): Refusal | undefined {
  const text = words.join(' ')
  if (status === 'SERVER_ERROR') return { error: serverError(text), endsConnection: false }
  if (status === 'CLIENT_ERROR') return { error: clientError(text), endsConnection: true }
  if (status !== 'ERROR') return undefined
  return { error: text === '' ? notKnown() : unavailable(text), endsConnection: true }
}

function serverError(text: string): SystemError {
  if (!/^(?:out of memory|object too large)/.test(text)) return unavailable(text)
  return new SystemError(
    'STORE_FULL',
    `Memcached could not store this (${text}), and when it cannot, it forgets what it had at that place. Give it more memory (-m), or larger items (-I).`,
    { retryable: true },
  )
}

function clientError(text: string): SystemError {
  if (/auth/i.test(text)) {
    return new SystemError(
      'STORE_DENIED',
      'Memcached wants a login, and this store has none. Protect it by the network, a Unix socket, or TLS with certificates of clients.',
    )
  }
  return new SystemError(
    'STORE_CORRUPT',
    `Memcached did not understand what it was sent (${text}). Look for a proxy in between.`,
    { retryable: true },
  )
}

function notKnown(): SystemError {
  return new SystemError(
    'STORE_UNSUPPORTED',
    'This server does not know a command that the session store needs. Use Memcached 1.6.18 or newer, and no proxy in front of it.',
  )
}

function unavailable(text: string): SystemError {
  return new SystemError('STORE_UNAVAILABLE', `Memcached does not answer as it should (${text}).`, {
    retryable: true,
  })
}
