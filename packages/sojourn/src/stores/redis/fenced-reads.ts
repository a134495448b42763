/**
 * Reads behind the fence. A primary that was deposed and cut off goes on answering, so an answer counts only if the
 * heartbeat that was confirmed when the read was *sent* is still young enough when it arrives: one that was confirmed
 * in between may have gone to another server than the read did. Nor does an answer count if reads may go to another
 * server since it was sent: a redirection was followed, and nobody has confirmed the server that it led to.
 *
 * That is no reason to fail. Reads may go elsewhere since a connection to some other node of a cluster was lost, or this
 * process was held up for longer than the fence; then nobody said anything against the primary, and it is read again.
 */
import type { Environment } from '../../core/environment.ts'
import { SystemError } from '../../core/errors.ts'
import type { Instant } from '../../core/instant.ts'
import { asSystemError } from './failures.ts'
import type { Fence } from './fence.ts'
import type { CommandArgument, RedisPort, Reply } from './port.ts'

export interface FencedReadsParts {
  readonly port: RedisPort
  readonly fence: Pick<Fence, 'lastConfirmed' | 'route' | 'confirm' | 'lastFailure'>
  readonly environment: Environment
  /** How old a confirmed heartbeat may be, milliseconds. */
  readonly fenceMs: number
}

export interface Place {
  readonly key: string
  /** The tag that it is under. */
  readonly tag: number
}

/**
 * Sends a command that reads, to the primary that has the key.
 * @throws SystemError `STORE_UNCONFIRMED`, or what `failures.ts` makes of the failure
 */
export type FencedRead = (args: readonly CommandArgument[], place: Place) => Promise<Reply>

/** Each time, something has to happen between sending and answer. */
const MOST_ATTEMPTS = 4

/** **Cost** of a read in health: one command and four looks at clocks. */
export function createFencedReads({ port, fence, environment, fenceMs }: FencedReadsParts): FencedRead {
  function isYoung({ monotonic, wall }: Instant): boolean {
    return environment.monotonic() - monotonic <= fenceMs && environment.now() - wall <= fenceMs
  }

  function send(args: readonly CommandArgument[], { key }: Place): Promise<Reply> {
    return port.command(args, { key, readonly: true })
  }

  /** Nothing was asked for a while, or heartbeats fail: the next one decides. It goes first, so that it covers the read. */
  async function sendWithHeartbeat(args: readonly CommandArgument[], place: Place): Promise<Reply> {
    for (let attempt = 1; ; attempt++) {
      const confirming = fence.confirm(place.tag)
      const [reply, isConfirmed] = await Promise.all([send(args, place), confirming])
      if (isConfirmed) return reply
      const failure = fence.lastFailure(place.tag)
      if (failure !== undefined || attempt === MOST_ATTEMPTS) throw unconfirmed(failure)
    }
  }

  return async (args, place) => {
    const confirmed = fence.lastConfirmed(place.tag)
    const { route } = fence
    try {
      if (isYoung(confirmed)) {
        const reply = await send(args, place)
        if (isYoung(confirmed) && fence.route === route) return reply
      }
      return await sendWithHeartbeat(args, place)
    } catch (error) {
      throw asSystemError(error)
    }
  }
}

function unconfirmed(failure: unknown): SystemError {
  const message =
    'Redis answers, but nobody confirms that it is still the primary. Look whether its replicas, or a majority of the Sentinels or of the cluster, can be reached.'
  const cause = failure === undefined ? {} : { cause: asSystemError(failure) }
  return new SystemError('STORE_UNCONFIRMED', message, { retryable: true, ...cause })
}
