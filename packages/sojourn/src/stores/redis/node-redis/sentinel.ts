/**
 * A primary that Sentinels name. They are asked at every connection, and the server is asked whether it agrees (`ROLE`):
 * for some seconds after a failover a Sentinel may still name the old one.
 *
 * @see https://redis.io/docs/latest/develop/reference/sentinel-clients/
 */
import { SystemError } from '../../../core/errors.ts'
import type { RedisPort } from '../port.ts'
import { askOn, type Connection, type Dial, open } from './dial.ts'
import { onePrimary } from './one-primary.ts'
import { namedByMajority, namedBySentinels, nameOf, type SentinelTarget } from './sentinels.ts'

export function sentinelPort(target: SentinelTarget & { readonly dial: Dial }): RedisPort {
  const { environment, dial } = target
  const names = new WeakMap<Connection, string>()
  const { port, primary } = onePrimary({ environment, topology: 'sentinel', open: openPrimary })
  return { ...port, isNamedPrimary }

  async function openPrimary(use: { readonly tracked: boolean }): Promise<Connection> {
    const place = await namedBySentinels(target)
    const connection = dial(place, use)
    await open(connection, environment)
    await assertPrimary(connection)
    names.set(connection, nameOf(place))
    if (!use.tracked) leaveUnless(nameOf(place))
    return connection
  }

  /** Reads go where acknowledged writes go. */
  function leaveUnless(named: string): void {
    const { connection } = primary
    if (connection !== undefined && names.get(connection) !== named) primary.leave(succeeded())
  }

  async function assertPrimary(connection: Connection): Promise<void> {
    const role = await askOn(connection, { args: ['ROLE'], environment })
    if (Array.isArray(role) && String(role[0]) === 'master') return
    connection.destroy()
    throw new SystemError('STORE_UNAVAILABLE', 'The server that the Sentinels name is no primary yet.', {
      retryable: true,
    })
  }

  async function isNamedPrimary(): Promise<boolean> {
    const { connection } = primary
    if (connection === undefined) return false
    const named = await namedByMajority(target)
    if (named === names.get(connection)) return connection === primary.connection
    if (named !== undefined && connection === primary.connection) primary.leave(succeeded())
    return false
  }
}

function succeeded(): Error {
  return new Error('Another server has become the primary.')
}
