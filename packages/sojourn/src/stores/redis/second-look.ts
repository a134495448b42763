/**
 * Answers that find nothing, or nothing that can be read, are asked for twice. Something between here and the server may
 * put one answer too many on a connection, and from then on each question gets the answer to the one before: another
 * session's record does not decode under this address, but that nothing is there looks the same everywhere, and would
 * be a logout, or a revocation that has nothing to end.
 *
 * The second time an echo goes first. If it does not come back, the connection is given up, and nobody knows.
 */
import type { Environment } from '../../core/environment.ts'
import { asSystemError, outOfStep } from './failures.ts'
import type { FencedRead, Place } from './fenced-reads.ts'
import type { CommandArgument, RedisPort, Reply } from './port.ts'

interface Question<Answer> {
  readonly args: readonly CommandArgument[]
  readonly place: Place
  /** Throws for a reply that the command cannot have. */
  readonly decode: (reply: Reply) => Answer
  /** Whether it tells of something that is there, all of it under its own address. */
  readonly isWhole: (answer: Answer) => boolean
}

export type Look = <Answer>(question: Question<Answer>) => Promise<Answer>

const ECHO_BYTES = 9

/** **Cost**: one command for what is there; three for what is not. */
export function createLook(parts: {
  readonly port: RedisPort
  readonly environment: Environment
  readonly read: FencedRead
}): Look {
  const { port, environment, read } = parts

  async function again(args: readonly CommandArgument[], place: Place): Promise<Reply> {
    const { key } = place
    const echo = environment.randomBytes(ECHO_BYTES).toString('base64url')
    const echoed = port.command(['PING', echo], { key, readonly: true })
    const second = async (): Promise<Reply> => read(args, place)
    const [heard, reply] = await Promise.all([echoed, second()]).catch((error: unknown) => {
      throw asSystemError(error)
    })
    if (String(heard) === echo) return reply
    port.giveUp?.(key)
    throw outOfStep()
  }

  return async ({ args, place, decode, isWhole }) => {
    const reply = await read(args, place)
    try {
      const answer = decode(reply)
      if (isWhole(answer)) return answer
    } catch {
      // A reply of another command, perhaps.
    }
    return decode(await again(args, place))
  }
}
