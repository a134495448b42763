/** A port that has one primary for all keys, whoever says which server that is. */
import type { Environment } from '../../../core/environment.ts'
import type { PortTraits, RedisPort } from '../port.ts'
import { interests } from './interests.ts'
import { notItsOwn, type Primary, type PrimaryOptions, primaryOver } from './primary.ts'

export interface OnePrimary {
  readonly port: RedisPort
  readonly primary: Primary
}

export interface OnePrimaryOptions {
  readonly environment: Environment
  readonly topology: PortTraits['topology']
  readonly open: PrimaryOptions['open']
}

export function onePrimary({ environment, topology, open }: OnePrimaryOptions): OnePrimary {
  const interested = interests(environment, () =>
    primary.connection === undefined ? [] : [primary.connection],
  )
  const primary = primaryOver({ environment, interests: interested, open })
  const port: RedisPort = {
    traits: { driver: 'node-redis', topology, invalidation: 'push' },
    command: (args, { readonly }) => (readonly ? primary.read(args) : primary.write(args)),
    writeAndWait: primary.writeAndWait,
    subscribe: interested.subscribe,
    watchRouting: interested.watchRouting,
    giveUp: () => primary.leave(notItsOwn()),
    close: primary.close,
  }
  return { port, primary }
}
