/**
 * One Memcached server in five commands of its meta protocol. What is replaced or removed is named by what was read: its
 * compare-and-set number *and the connection it was read on*. A server that is restarted is empty and counts from 1 again,
 * so a number from before may be the number of another item now; but no connection outlives its server, and a write that
 * was to go on one that has ended is not sent.
 *
 *     mg <key> v c                        read
 *     ms <key> <size> T<seconds> ME       add, only if nothing is there
 *     ms <key> <size> T<seconds> C<cas>   replace, only what was read
 *     md <key> C<cas>                     remove, only what was read
 *     mn                                  ping
 */
import type { ConnectionOptions as TlsOptions } from 'node:tls'
import type { Environment } from '../../../core/environment.ts'
import type { ServerName } from './servers.ts'
import type { Command, Connection } from './connection.ts'
import { greet, identify, type Identity } from './greeting.ts'
import { keepLink } from './link.ts'
import { notAnAnswer, type Reply } from './reply.ts'

export interface Server {
  readonly name: string
  /** Bytes that a value may have. Rejects like the others when there is no connection. */
  largestValue(): Promise<number>
  /** `undefined`: the server says that nothing is there. */
  get(key: string): Promise<Found | undefined>
  add(key: string, item: Item): Promise<'done' | 'occupied'>
  /** `changed`: it is not what was read, or nobody can tell; nothing was written. `gone`: nothing is there. */
  replace(found: Found, item: Item): Promise<Outcome>
  remove(found: Found): Promise<Outcome>
  ping(): Promise<void>
  /** Idempotent. */
  close(): void
}

export type Outcome = 'done' | 'changed' | 'gone'

export interface Item {
  readonly value: Uint8Array
  /** As Memcached takes it: see `life.ts`. */
  readonly life: number
}

/** What was read, and from whom. */
export interface Found {
  readonly key: string
  readonly value: Buffer
  readonly cas: string
  readonly connection: Connection
}

export interface ServerOptions {
  readonly server: ServerName
  readonly tls: TlsOptions | undefined
  readonly environment: Environment
  readonly identity: Identity
}

const OUTCOMES: Readonly<Record<string, Outcome>> = { HD: 'done', EX: 'changed', NF: 'gone' }
const CAS = /^c\d+$/

export function openServer({ server, tls, environment, identity }: ServerOptions): Server {
  const link = keepLink({
    server,
    tls,
    environment,
    greet: (connection) => greet(connection, identity),
    look: (connection) => identify(connection, identity),
  })

  return {
    name: server.name,
    largestValue: async () => (await link.ready()).largest,
    async get(key) {
      const connection = link.connection ?? (await link.ready())
      const { status, words, value } = await connection.send({ line: `mg ${key} v c` })
      if (status === 'EN') return undefined
      const cas = words.find((word) => CAS.test(word))?.slice(1)
      if (status !== 'VA' || value === undefined || cas === undefined) throw notAnAnswer()
      return { key, value, cas, connection }
    },
    async add(key, item) {
      const connection = link.connection ?? (await link.ready())
      const { status } = await connection.send(setting(key, item, 'ME'))
      if (status === 'HD') return 'done'
      if (status === 'NS') return 'occupied'
      throw notAnAnswer()
    },
    async replace({ key, cas, connection }, item) {
      if (!connection.isOpen) return 'changed'
      return outcomeOf(await connection.send(setting(key, item, `C${cas}`)))
    },
    async remove({ key, cas, connection }) {
      if (!connection.isOpen) return 'changed'
      return outcomeOf(await connection.send({ line: `md ${key} C${cas}` }))
    },
    async ping() {
      const { status } = await (await link.ready()).send({ line: 'mn', plain: true })
      if (status !== 'MN') throw notAnAnswer()
    },
    close: link.close,
  }
}

function setting(key: string, { value, life }: Item, mode: string): Command {
  return { line: `ms ${key} ${value.length} T${life} ${mode}`, value }
}

function outcomeOf({ status }: Reply): Outcome {
  const outcome = OUTCOMES[status]
  if (outcome === undefined) throw notAnAnswer()
  return outcome
}
