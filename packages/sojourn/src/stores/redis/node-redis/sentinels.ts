/** What the Sentinels say. Each is asked on a connection of its own: a silent one must not hold up the others. */
import type { Environment } from '../../../core/environment.ts'
import { SystemError } from '../../../core/errors.ts'
import type { Reply } from '../port.ts'
import { askOnce, type Dial } from './dial.ts'
import type { Address } from '../address.ts'
import { mostNamed } from '../votes.ts'

export interface SentinelTarget {
  readonly environment: Environment
  readonly sentinels: readonly Required<Address>[]
  /** What they call the primary. */
  readonly name: string
  readonly dialSentinel: Dial
}

/** As the Sentinels write it. Two are compared as text: they are told apart when some announce names and some addresses. */
export type Named = `${string} ${number}`

/**
 * Whom most of them name, as soon as a majority does.
 * @throws SystemError `STORE_UNAVAILABLE` when none names one
 */
export async function namedBySentinels(target: SentinelTarget): Promise<Required<Address>> {
  const { choice } = await mostNamed(questions(target))
  if (choice === undefined)
    throw new SystemError(
      'STORE_UNAVAILABLE',
      `No Sentinel answered that it knows \`${target.name}\`. Compare the name with \`sentinel monitor\`, and the addresses.`,
      { retryable: true },
    )
  const [host = '', port] = choice.split(' ')
  return { host, port: Number(port) }
}

/** Whom a majority of all that are listed names, if one does. */
export async function namedByMajority(target: SentinelTarget): Promise<string | undefined> {
  const { choice, isMajority } = await mostNamed(questions(target))
  return isMajority ? choice : undefined
}

export function nameOf({ host, port }: Required<Address>): Named {
  return `${host} ${port}`
}

function questions({
  environment,
  sentinels,
  name,
  dialSentinel,
}: SentinelTarget): Promise<string | undefined>[] {
  const question = { args: ['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name], environment }
  return sentinels.map(async (place) =>
    named(await askOnce(dialSentinel(place, { tracked: false }), question)),
  )
}

function named(reply: Reply): Named | undefined {
  if (!Array.isArray(reply)) return undefined
  const [host, port] = reply as readonly Reply[]
  return nameOf({ host: String(host), port: Number(port) })
}
