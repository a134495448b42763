/** Questions to the server that has a key. One that is refused, fails or is not answered in time is noted as unseen. */
import type { Environment } from '../../../core/environment.ts'
import type { Unseen } from '../../../core/findings.ts'
import { textOf } from '../failures.ts'
import { within } from '../fence-timeout.ts'
import type { CommandOptions, RedisPort, Reply } from '../port.ts'

export interface AskingOptions {
  readonly port: RedisPort
  readonly environment: Environment
  readonly key: string
  /** For each question. */
  readonly patienceMs: number
  readonly where?: string | undefined
}

export interface Asking {
  /** The answer, or `undefined`. `way`: as reads go, or as writes do. Default as reads go. */
  readonly ask: (args: readonly string[], way?: 'read' | 'write') => Promise<Reply | undefined>
  /** As `ask`, for what is more than a command. */
  readonly find: <T>(what: string, work: Promise<T>) => Promise<T | undefined>
  readonly unseen: readonly Unseen[]
}

export function askingAt({ port, environment, key, patienceMs, where }: AskingOptions): Asking {
  const unseen: Unseen[] = []

  async function find<T>(what: string, work: Promise<T>): Promise<T | undefined> {
    const settled = work.then(
      (answer) => ({ answer }),
      (error: unknown) => ({ because: textOf(error) }),
    )
    const found = (await within(environment, patienceMs, settled)) ?? {
      because: 'It was not answered in time.',
    }
    if ('answer' in found) return found.answer
    unseen.push({ what, because: found.because, ...(where === undefined ? {} : { where }) })
    return undefined
  }

  return {
    unseen,
    find,
    ask(args, way = 'read') {
      const options: CommandOptions = { key, readonly: way === 'read' }
      return find(args.slice(0, 2).join(' '), port.command(args, options))
    },
  }
}
