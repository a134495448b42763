/** What is wrong with addresses. No message repeats a URL: it may hold a password. */
import type { ConfigProblem } from '../../core/errors.ts'
import { parseUrl } from './address.ts'

export function problemsOfUrl(url: unknown): readonly ConfigProblem[] {
  const message =
    'Write `redis://user:password@host:port/db`, with `rediss:` for TLS, or `unix:///path` for a socket. Everything else is an option of its own.'
  return parseUrl(url) === undefined ? [{ path: 'url', message }] : []
}

export function problemsOfSentinels(sentinels: unknown, name: unknown): readonly ConfigProblem[] {
  const problems = problemsOfList({
    path: 'sentinels',
    list: sentinels,
    empty: 'Name all Sentinels: `[{ host, port }]`.',
    isGood: isHost,
    message: 'Write `{ host, port }`; the port may be left out.',
  })
  if (typeof name === 'string' && name !== '') return problems
  return [
    ...problems,
    { path: 'name', message: 'Write what the Sentinels call the primary, such as `mymaster`.' },
  ]
}

export function problemsOfSeeds(cluster: unknown): readonly ConfigProblem[] {
  return problemsOfList({
    path: 'cluster',
    list: cluster,
    empty: 'Name some nodes: `[{ host, port }]` or URLs.',
    isGood: isSeed,
    message: 'Write `{ host, port }` or `redis://host:port`, without a database: a cluster has none.',
  })
}

export function problemsOfDatabase(path: string, database: unknown): readonly ConfigProblem[] {
  if (Number.isSafeInteger(database) && Number(database) >= 0) return []
  return [{ path, message: 'Write the number of a database, 0 or above.' }]
}

interface List {
  readonly path: string
  readonly list: unknown
  readonly empty: string
  readonly isGood: (entry: unknown) => boolean
  readonly message: string
}

function problemsOfList({ path, list, empty, isGood, message }: List): readonly ConfigProblem[] {
  if (!Array.isArray(list) || list.length === 0) return [{ path, message: empty }]
  return list.flatMap((entry: unknown, at) => (isGood(entry) ? [] : [{ path: `${path}[${at}]`, message }]))
}

function isSeed(seed: unknown): boolean {
  if (typeof seed !== 'string') return isHost(seed)
  const location = parseUrl(seed)
  return location !== undefined && 'host' in location.place && location.database === undefined
}

function isHost(value: unknown): boolean {
  const { host, port = 1 } = (value ?? {}) as { readonly host?: unknown; readonly port?: unknown }
  return typeof host === 'string' && host !== '' && isPort(port)
}

function isPort(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) > 0 && Number(value) < 65_536
}
