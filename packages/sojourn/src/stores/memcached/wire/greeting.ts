/**
 * What a server is asked before it is used: whether it can do what is needed, and whether it is the one that it is taken
 * for. Each server keeps an item with its own name and the names of all, written by whoever comes first. A process that
 * has other servers in its list, or reaches one of them under another's name, would look for rosters where they are not:
 * it would end no session that others see, and count no device that they let in. It is refused, and it is asked again
 * five times a second: the item may have been flushed, or been evicted and written anew by somebody else.
 */
import { SystemError } from '../../../core/errors.ts'
import type { Connection } from './connection.ts'
import type { Reply } from './reply.ts'

export interface Identity {
  /** The key of the item. */
  readonly key: string
  readonly text: string
}

/** What the server says of itself. */
export interface Facts {
  readonly version: string
  /** `stats settings`: names and values. */
  readonly settings: ReadonlyMap<string, string>
}

/** Its own header, the key and the checks of the allocator, generously. */
const ITEM_OVERHEAD = 512
/** The oldest that the tests were run on. */
const OLDEST = [1, 6, 18] as const

/** Rejects with the `SystemError` that says why the server is not to be used. */
export async function greet(connection: Connection, identity: Identity): Promise<void> {
  const [version, statistics] = await Promise.all([
    connection.send({ line: 'version', plain: true }),
    connection.send({ line: 'stats settings', plain: true }),
  ])
  const settings = new Map(
    statistics.words.map((line) => [nameIn(line), line.slice(nameIn(line).length + 1)]),
  )
  connection.largest = largestIn({ version: version.words.join(' '), settings })
  await identify(connection, identity)
}

/** Rejects where the server has another identity; gives it this one where it has none. */
export async function identify(connection: Connection, identity: Identity): Promise<void> {
  const { key, text } = identity
  const found = await connection.send({ line: `mg ${key} v` })
  if (found.status === 'VA') return assertSame(found, identity)
  const value = Buffer.from(text)
  const added = await connection.send({ line: `ms ${key} ${value.length} T0 ME`, value })
  if (added.status === 'HD') return
  // Somebody else was quicker.
  assertSame(await connection.send({ line: `mg ${key} v` }), identity)
}

/**
 * How many bytes a value may have there.
 *
 * @throws SystemError `STORE_UNSUPPORTED` for a server that is too old, or cannot compare before it sets
 */
export function largestIn({ version, settings }: Facts): number {
  if (!isRecent(version)) throw unsupported(`it is ${version || 'something else'}`)
  if (settings.get('cas_enabled') !== 'yes')
    throw unsupported('it was started with -C, and cannot compare before it sets')
  if (settings.get('proxy_enabled') === 'yes')
    throw unsupported(
      'it is a proxy, behind which a server that was restarted cannot be told from the one before',
    )
  const largest = Number(settings.get('item_size_max')) - ITEM_OVERHEAD
  if (!Number.isSafeInteger(largest) || largest <= 0)
    throw unsupported('it does not say how large items may be')
  return largest
}

function nameIn(line: string): string {
  return line.slice(0, line.search(/ |$/))
}

function isRecent(version: string): boolean {
  const [, ...numbers] = /^(\d+)\.(\d+)\.(\d+)/.exec(version)?.map(Number) ?? []
  if (numbers.length === 0) return false
  const different = OLDEST.findIndex((oldest, index) => numbers[index] !== oldest)
  return different === -1 || (numbers[different] as number) > (OLDEST[different] as number)
}

function assertSame({ value }: Reply, { text }: Identity): void {
  if (value === undefined || value.toString() === text) return
  throw new SystemError(
    'DEPLOYMENT_MISMATCH',
    `This Memcached server is used as ${value.toString().slice(0, 500)}, and this process has ${text}. Give all processes the same \`servers\`, by the same names. To change them, stop all processes and choose another \`prefix\`, or flush the servers: all sessions end.`,
  )
}

function unsupported(why: string): SystemError {
  return new SystemError(
    'STORE_UNSUPPORTED',
    `This server cannot keep sessions: ${why}. Use Memcached 1.6.18 or newer, with its default settings, and no proxy in front of it.`,
  )
}
