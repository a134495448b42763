/**
 * One heartbeat: proof that the server which reads go to was the authority when, or after, the heartbeat was sent.
 *
 * 1. It is written. A full server takes it by a script that may exceed its memory; it is one small key, overwritten.
 * 2. All voters acknowledge it: whoever was promoted before has no ear for this primary any more. With one missing, others
 *    are asked *after* the write who the primary is: what they say is about a later moment.
 * 3. It is found again where the reads go. What was acknowledged elsewhere says nothing about that server; having this
 *    write, it has everything before it.
 *
 * A single server without voters is the authority as long as it takes writes: nothing can be promoted.
 */
import { SystemError } from '../../core/errors.ts'
import { textOf } from './failures.ts'
import type { CommandArgument, RedisPort } from './port.ts'

export interface Heartbeat {
  readonly port: RedisPort
  readonly key: string
  /** Another one each time. */
  readonly value: string
  readonly voters: number
  readonly ttlMs: number
  /** How long the voters may take. */
  readonly waitMs: number
}

/** `answered`: a single server that refuses writes for its own reasons says that it is a primary. */
export type Outcome = 'acknowledged' | 'witnessed' | 'answered'

/** How many replicas have it; `refused` by a server that takes no write at all now. */
type Written = number | 'refused'

/** Exceeds `maxmemory`: a full server is still the authority. KEYS: the heartbeat. ARGV: its value, its life in milliseconds. */
const WRITE_WHEN_FULL = `#!lua flags=allow-oom
return redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])`

/** Its disk fails, too few replicas are in touch, or its memory is full and it knows no such script. */
const REFUSES_ALL_WRITES = /^(?:MISCONF|NOREPLICAS|OOM)\b/

/** @throws what the server or the driver said; SystemError `STORE_UNCONFIRMED` when there was no proof. **Cost**: two to three round trips; one on a single server */
export async function prove(heartbeat: Heartbeat): Promise<Outcome> {
  const written = await write(heartbeat)
  if (isAlone(heartbeat)) return written === 'refused' ? saysItIsPrimary(heartbeat) : 'acknowledged'
  const isAcknowledged = written !== 'refused' && heartbeat.voters > 0 && written >= heartbeat.voters
  if (!isAcknowledged) await askWitness(heartbeat)
  if (written !== 'refused') await findAgain(heartbeat)
  return isAcknowledged ? 'acknowledged' : 'witnessed'
}

function isAlone({ port, voters }: Heartbeat): boolean {
  return voters === 0 && port.traits.topology === 'single'
}

async function write(heartbeat: Heartbeat): Promise<Written> {
  const { key, value } = heartbeat
  const ttl = String(heartbeat.ttlMs)
  try {
    return await send(heartbeat, ['SET', key, value, 'PX', ttl]).catch((error: unknown) => {
      if (!textOf(error).startsWith('OOM')) throw error
      return send(heartbeat, ['EVAL', WRITE_WHEN_FULL, '1', key, value, ttl])
    })
  } catch (error) {
    if (REFUSES_ALL_WRITES.test(textOf(error))) return 'refused'
    throw error
  }
}

async function send(
  { port, key, voters, waitMs }: Heartbeat,
  args: readonly CommandArgument[],
): Promise<number> {
  if (voters > 0)
    return (await port.writeAndWait(args, { key, replicas: voters, timeoutMs: waitMs })).replicas
  await port.command(args, { key, readonly: false })
  return 0
}

async function askWitness({ port, key }: Heartbeat): Promise<void> {
  if (port.isNamedPrimary === undefined)
    throw unconfirmed(
      'A replica that votes did not acknowledge the heartbeat, and nobody else can say who the primary is. Bring it back, or use Sentinel.',
    )
  if (!(await port.isNamedPrimary(key)))
    throw unconfirmed(
      'A majority does not name this server the primary. Check Sentinel or the cluster, and the network.',
    )
}

async function findAgain({ port, key, value }: Heartbeat): Promise<void> {
  const found = await port.command(['GET', key], { key, readonly: true })
  if (String(found) !== value)
    throw unconfirmed('Reads go to another server than the heartbeat, which has not reached it.')
}

/** An operator may have made it a replica, which also refuses. */
async function saysItIsPrimary({ port, key }: Heartbeat): Promise<Outcome> {
  const role = await port.command(['ROLE'], { key, readonly: true })
  if (!Array.isArray(role) || String(role[0]) !== 'master')
    throw unconfirmed('This server is no primary. Point the application at the one that is.')
  return 'answered'
}

export function unconfirmed(message: string): SystemError {
  return new SystemError('STORE_UNCONFIRMED', message, { retryable: true })
}
