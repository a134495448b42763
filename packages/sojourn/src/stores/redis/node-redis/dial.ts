/**
 * The one file that knows the driver: a plain client to one address, with everything switched off that would hide a
 * failure (its queue while offline, its retries, its timer for each command). `link.ts` replaces a client that failed
 * by a new one. Replies are bytes.
 */
import { createClient, RESP_TYPES } from '@redis/client'
import type { Environment } from '../../../core/environment.ts'
import { SystemError } from '../../../core/errors.ts'
import type { Place } from '../address.ts'
import { patience } from '../patience.ts'
import type { CommandArgument, Reply } from '../port.ts'
import type { ConnectionOptions } from 'node:tls'
import type { Credentials, DriverClient } from './options.ts'
import { silent } from './silence.ts'

/** What is used of the driver's client. */
export interface Connection {
  readonly isReady: boolean
  connect(): Promise<unknown>
  /** Rejects what is in flight. Destroyed before it has a socket, the driver would go on to open one that nobody can close. */
  destroy(): void
  /** Ends an attempt that has no socket yet. */
  abandon(): void
  sendCommand(args: readonly CommandArgument[]): Promise<Reply>
  on(event: 'connect' | 'error', listener: (problem: unknown) => void): unknown
  /** Heard while a reply is parsed, before the promises of older replies have told theirs; `null`: all keys. */
  on(event: 'invalidate', listener: (key: Buffer | null) => void): unknown
}

/** How a connection is made, wherever it goes. */
export type Access =
  | { readonly client: DriverClient }
  | (Credentials & { readonly tls?: ConnectionOptions; readonly database: number })

/** Makes a client that is not connected yet. Without a place: where the application's own client goes. */
export type Dial = (place: Place | undefined, use: { readonly tracked: boolean }) => Connection

/** For the network to answer, and then for the server. */
const SILENCE_MS = 1_000

const SETTINGS = {
  RESP: 3,
  disableOfflineQueue: true,
  // The driver would move the socket under us to another server, where tracking is off.
  maintNotifications: 'disabled',
  clientSideCache: undefined,
  commandsQueueMaxLength: undefined,
  pingInterval: undefined,
  readonly: false,
  commandOptions: {
    // The library has one timer for all calls; an AbortSignal each costs more than the command.
    timeout: undefined,
    typeMapping: {
      [RESP_TYPES.BLOB_STRING]: Buffer,
      [RESP_TYPES.VERBATIM_STRING]: Buffer,
      [RESP_TYPES.MAP]: Array,
    },
  },
} as const

/** The driver's timeouts would count the stalls of this process against the server. */
const SOCKET = { connectTimeout: 0, socketTimeout: undefined, reconnectStrategy: false } as const

export function dialer(access: Access): Dial {
  if ('client' in access) {
    const own = access.client as DriverClient & Duplicable
    return (_, { tracked }) => duplicateOf(own, { tracked, socket: own.options.socket })
  }
  const { tls, database } = access
  // Whenever its settings are others than the last time, the driver's `createClient` builds a class with all commands: some 15 ms.
  const model = make({
    ...SETTINGS,
    database,
    ...(access.password === undefined ? {} : { credentialsProvider: provider(access) }),
  })
  return (place, { tracked }) =>
    duplicateOf(model, { tracked, socket: { ...tls, ...place, ...(tls === undefined ? {} : { tls: true }) } })
}

/** The driver's types want `exactOptionalPropertyTypes` off, and would stand in ours. */
const make = createClient as unknown as (options: object) => Duplicable

interface Duplicable {
  readonly options: { readonly socket?: object }
  duplicate(overrides: object): unknown
}

interface Wishes {
  readonly socket: object | undefined
  readonly tracked: boolean
}

function duplicateOf(client: Duplicable, { socket, tracked }: Wishes): Connection {
  const ending = new AbortController()
  const own = { ...socket, ...SOCKET, signal: ending.signal }
  const duplicate = client.duplicate({ ...SETTINGS, emitInvalidate: tracked, socket: own })
  return Object.assign(duplicate as Omit<Connection, 'abandon'>, { abandon: () => ending.abort() })
}

function provider({ username, password }: Exclude<Access, { client: unknown }>): object {
  const credentials = async (): Promise<object> => ({
    username,
    password: typeof password === 'function' ? await password() : password,
  })
  return { type: 'async-credentials-provider', credentials }
}

/** Connects within two silences. It need not be destroyed when this rejects. */
export async function open(connection: Connection, environment: Environment): Promise<void> {
  const socket = new Promise((resolve) => connection.on('connect', resolve))
  connection.on('error', () => {})
  const connecting = connection.connect()
  try {
    await orSilent(Promise.race([socket, connecting]), { end: () => connection.abandon(), environment })
    await orSilent(connecting, { end: () => connection.destroy(), environment })
  } catch (error) {
    throw withoutSecrets(error)
  }
}

/** The answer, or the end of the connection. */
export async function askOn(
  connection: Connection,
  { args, environment }: { readonly args: readonly string[]; readonly environment: Environment },
): Promise<Reply> {
  return orSilent(connection.sendCommand(args), { end: () => connection.destroy(), environment })
}

/** Connects, asks one question and hangs up, within three silences. */
export async function askOnce(
  connection: Connection,
  question: { readonly args: readonly string[]; readonly environment: Environment },
): Promise<Reply> {
  await open(connection, question.environment)
  try {
    return await askOn(connection, question)
  } finally {
    connection.destroy()
  }
}

async function orSilent<T>(
  answer: Promise<T>,
  { end, environment }: { readonly end: () => void; readonly environment: Environment },
): Promise<T> {
  let isSilent = false
  const limit = patience(environment, SILENCE_MS, () => {
    isSilent = true
    end()
  })
  try {
    return await answer
  } catch (error) {
    end()
    throw isSilent ? silent() : error
  } finally {
    limit.cancel()
  }
}

/** A server that does not know `HELLO` repeats its arguments, and a password is one of them. */
function withoutSecrets(error: unknown): unknown {
  if (!(error instanceof Error) || !/unknown command/i.test(error.message)) return error
  return new SystemError(
    'STORE_UNSUPPORTED',
    'The server does not know HELLO 3. Redis 6 or later is needed, and the user must be allowed `hello`.',
  )
}
