/** What is known of one server: read as it answers, judged nowhere here. What it did not tell is absent. */
import type { Environment } from '../../../core/environment.ts'
import type { Unseen } from '../../../core/findings.ts'
import type { RedisPort, Reply } from '../port.ts'
import { type Asking, type AskingOptions, askingAt } from './asking.ts'

export type Fields = ReadonlyMap<string, string>

export interface ServerFacts {
  readonly where?: string | undefined
  /** Why it does not answer at all; the rest is absent then. */
  readonly silence?: string | undefined
  /** `INFO`, by field, from where reads go. */
  readonly info?: Fields | undefined
  /** The run id of where writes go. */
  readonly writer?: string | undefined
  /** `CONFIG GET`, of what is looked at. */
  readonly settings?: Fields | undefined
  /** Whether a stranger is let in as the default user. */
  readonly letsAnybodyIn?: boolean | undefined
  /** Whether others name it the primary; absent where nobody else can know. */
  readonly isNamed?: boolean | undefined
  /** By how much this process's clock is ahead of the server's, at least. 0 within the round trip. */
  readonly aheadMs?: number | undefined
  /** The median round trip of some. */
  readonly roundTripMs?: number | undefined
}

const SETTINGS = [
  'save',
  'appendfsync',
  'min-replicas-to-write',
  'hash-max-listpack-value',
  'bind',
  'protected-mode',
]
const ROUND_TRIPS = 5

/** Never rejects. **Cost**: some ten commands. */
export async function factsOf(
  options: AskingOptions,
): Promise<{ readonly facts: ServerFacts; readonly unseen: readonly Unseen[] }> {
  const { port, environment, key, where } = options
  const asking = askingAt(options)
  const { ask } = asking
  if ((await ask(['PING'])) === undefined) {
    return { facts: { where, silence: asking.unseen[0]?.because }, unseen: [] }
  }
  const [info, writer, settings, user, isNamed, aheadMs] = await Promise.all([
    ask(['INFO']).then(linesOf),
    ask(['INFO', 'server'], 'write').then(linesOf),
    ask(['CONFIG', 'GET', ...SETTINGS]).then(pairsOf),
    ask(['ACL', 'GETUSER', 'default']),
    namedOf(asking, port, key),
    aheadOf(asking, environment),
  ])
  const roundTripMs = await roundTrip(asking, environment)
  const facts: ServerFacts = {
    where,
    info,
    writer: writer?.get('run_id'),
    settings,
    letsAnybodyIn: user === undefined ? undefined : isOpen(user),
    isNamed,
    aheadMs,
    roundTripMs,
  }
  return { facts, unseen: asking.unseen }
}

/** `name:value` in lines; a number of replicas follow as `slave0:…`. */
function linesOf(reply: Reply | undefined): Fields | undefined {
  if (reply === undefined) return undefined
  const lines = String(reply).split('\r\n')
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]))
}

function pairsOf(reply: Reply | undefined): Fields | undefined {
  if (!Array.isArray(reply)) return undefined
  return new Map(
    reply.flatMap((name, at) => (at % 2 === 0 ? [[String(name), String(reply[at + 1])] as const] : [])),
  )
}

/** Flat pairs; `flags` is a list, or a text in it each. */
function isOpen(user: Reply): boolean {
  const fields = Array.isArray(user) ? (user as readonly Reply[]) : []
  const at = fields.findIndex((field) => String(field) === 'flags')
  const flags = fields[at + 1]
  const words = Array.isArray(flags) ? flags.map(String) : []
  return words.includes('on') && words.includes('nopass')
}

function namedOf({ find }: Asking, port: RedisPort, key: string): Promise<boolean | undefined> {
  if (port.isNamedPrimary === undefined) return Promise.resolve(undefined)
  return find('who the primary is', port.isNamedPrimary(key))
}

async function aheadOf({ ask }: Asking, environment: Environment): Promise<number | undefined> {
  const sentAt = environment.now()
  const reply = await ask(['TIME'])
  const answeredAt = environment.now()
  if (!Array.isArray(reply)) return undefined
  const there = Number(reply[0]) * 1_000 + Number(reply[1]) / 1_000
  if (sentAt > there) return sentAt - there
  return answeredAt < there ? answeredAt - there : 0
}

async function roundTrip({ ask }: Asking, environment: Environment): Promise<number | undefined> {
  const took: number[] = []
  for (let count = 0; count < ROUND_TRIPS; count++) {
    const sentAt = environment.monotonic()
    if ((await ask(['PING'])) === undefined) return undefined
    took.push(environment.monotonic() - sentAt)
  }
  return took.toSorted((a, b) => a - b)[Math.floor(took.length / 2)]
}
