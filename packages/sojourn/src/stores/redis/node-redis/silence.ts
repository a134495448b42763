/**
 * Finds a connection that the other end has left without a word, within 800 ms. It counts its own ticks instead of
 * looking at a clock: after this process was held up itself, replies are read before the next tick. The driver's socket
 * timeout is not used: whatever is written puts it off, so on a busy connection it never ends.
 */
import type { Environment, Timer } from '../../../core/environment.ts'
import { SystemError } from '../../../core/errors.ts'
import type { Connection } from './dial.ts'

export interface SilenceOptions {
  readonly environment: Environment
  /** While it says so, nothing is asked: the answer would come late. Default: never. */
  readonly isQuiet?: (() => boolean) | undefined
  /** Called once at most. */
  readonly onSilent: (error: unknown) => void
}

const TICK_MS = 200
/** Ticks that a PING may remain unanswered. */
const PATIENCE = 3

/** Calling the answer ends it. */
export function watchForSilence(connection: Connection, options: SilenceOptions): () => void {
  const { environment, isQuiet, onSilent } = options
  let unanswered = 0
  let timer: Timer = environment.after(TICK_MS, tick)
  return () => timer.cancel()

  function tick(): void {
    if (unanswered > 0) unanswered++
    if (unanswered > PATIENCE) return onSilent(silent())
    if (unanswered === 0 && isQuiet?.() !== true) ping()
    timer = environment.after(TICK_MS, tick)
  }

  function ping(): void {
    unanswered = 1
    const answered = (): void => {
      unanswered = 0
    }
    // An error is an answer too; a connection that was lost is somebody else's to replace.
    connection.sendCommand(['PING']).then(answered, answered)
  }
}

export function silent(): SystemError {
  return new SystemError('STORE_UNAVAILABLE', 'The server has gone silent.', { retryable: true })
}
