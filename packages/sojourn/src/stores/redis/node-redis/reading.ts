/**
 * From the options to a target that can be connected to. Every problem is listed (`problems.ts`), before anything is
 * connected.
 */
import type { Environment } from '../../../core/environment.ts'
import { ConfigError, type ConfigProblem } from '../../../core/errors.ts'
import { unknownKeys } from '../../../core/policy/unknown-keys.ts'
import { systemEnvironment } from '../../../environment/system.ts'
import type { Access } from './dial.ts'
import type {
  Address,
  ClientOptions,
  ClusterOptions,
  CommonOptions,
  Credentials,
  NodeRedisOptions,
  SentinelOptions,
  SingleOptions,
} from './options.ts'
import { problemsOfClient } from './own-client.ts'
import {
  badUrl,
  problemsOfAddresses,
  problemsOfCommon,
  problemsOfCredentials,
  problemsOfSeeds,
} from './problems.ts'
import { type Location, parseUrl } from './url.ts'

/** Options that have been found good. */
export type Target = { readonly environment: Environment; readonly access: Access } & (
  | { readonly place?: Location['place'] }
  | {
      readonly sentinels: readonly Required<Address>[]
      readonly name: string
      readonly sentinelAccess: Access
    }
  | { readonly seeds: readonly Required<Address>[] }
)

const SENTINEL_PORT = 26_379
const PORT = 6379
const ONE_OF = ['url', 'sentinels', 'cluster', 'client'] as const

/** @throws ConfigError with every problem */
export function readOptions(options: NodeRedisOptions): Target {
  const [kind, ...others] = ONE_OF.filter((key) => key in options)
  if (kind === undefined || others.length > 0)
    refuse([{ path: kind ?? 'url', message: `Write one of ${ONE_OF.join(', ')}: it says where Redis is.` }])
  if ('client' in options) return readClient(options)
  if ('sentinels' in options) return readSentinels(options)
  return 'cluster' in options ? readCluster(options) : readSingle(options)
}

function readClient(options: ClientOptions): Target {
  const unknown = unknownKeys('', options, ['client', 'environment'])
  refuse([...unknown, ...problemsOfClient(options.client)])
  return { environment: options.environment ?? systemEnvironment, access: { client: options.client } }
}

function readSingle(options: SingleOptions): Target {
  const location = parseUrl(options.url)
  refuse([
    ...problemsOfCommon(options, ['url']),
    ...(location === undefined
      ? [badUrl('url', "'redis://127.0.0.1:6379' or 'unix:///run/redis.sock'")]
      : []),
  ])
  const { place, ...rest } = location as Location
  return { ...common(options, rest), place }
}

function readSentinels(options: SentinelOptions): Target {
  const { sentinels, name, sentinelCredentials = {}, database = 0 } = options
  refuse([
    ...problemsOfCommon(options, ['sentinels', 'name', 'database', 'sentinelCredentials']),
    ...problemsOfAddresses('sentinels', sentinels),
    ...(typeof name === 'string' && name !== '' ? [] : [{ path: 'name', message: NAME_MISSING }]),
    ...(Number.isInteger(database) && database >= 0
      ? []
      : [{ path: 'database', message: 'Write 0 or more.' }]),
    ...unknownKeys('sentinelCredentials', sentinelCredentials, ['username', 'password']),
    ...problemsOfCredentials('sentinelCredentials.', sentinelCredentials),
  ])
  const target = common(options, { database })
  const { access } = common({ ...sentinelCredentials, tls: options.tls }, {})
  return { ...target, name, sentinels: sentinels.map(withPort(SENTINEL_PORT)), sentinelAccess: access }
}

const NAME_MISSING = "Write the name that the Sentinels watch the primary under, such as 'mymaster'."

function readCluster(options: ClusterOptions): Target {
  const { cluster } = options
  const problems = [...problemsOfCommon(options, ['cluster']), ...problemsOfSeeds(cluster)]
  refuse(problems)
  const locations = cluster.map((seed) =>
    typeof seed === 'string' ? (parseUrl(seed) as Location) : undefined,
  )
  const seeds = cluster.map((seed, at) => withPort(PORT)((locations[at]?.place ?? seed) as Address))
  const { place: _, ...first } = locations.find((location) => location !== undefined) ?? { place: undefined }
  return { ...common(options, first), seeds }
}

function common(
  options: CommonOptions,
  found: Omit<Partial<Location>, 'place'>,
): Target & { access: Access } {
  const { environment = systemEnvironment, tls = found.tls, username, password } = options
  const credentials = { ...found.credentials, ...defined({ username, password }) }
  const secure = tls === undefined ? {} : { tls: tls === true ? {} : tls }
  return { environment, access: { ...credentials, ...secure, database: found.database ?? 0 } }
}

function defined({ username, password }: Credentials): Credentials {
  return { ...(username === undefined ? {} : { username }), ...(password === undefined ? {} : { password }) }
}

function withPort(port: number): (address: Address) => Required<Address> {
  return (address) => ({ host: address.host, port: address.port ?? port })
}

function refuse(problems: readonly ConfigProblem[]): void {
  if (problems.length > 0) throw new ConfigError(problems)
}
