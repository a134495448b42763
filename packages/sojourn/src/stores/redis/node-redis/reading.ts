/**
 * From the options to a target that can be connected to. Every problem is listed (`problems.ts`), before anything is
 * connected.
 */
import type { Environment } from '../../../core/environment.ts'
import { ConfigError, type ConfigProblem } from '../../../core/errors.ts'
import { unknownKeys } from '../../../core/policy/unknown-keys.ts'
import { systemEnvironment } from '../../../environment/system.ts'
import { type Address, type Location, parseUrl, SENTINEL_PORT, seedsIn, withPort } from '../address.ts'
import {
  problemsOfDatabase,
  problemsOfSeeds,
  problemsOfSentinels,
  problemsOfUrl,
} from '../address-problems.ts'
import type { Access } from './dial.ts'
import type {
  ClientOptions,
  ClusterOptions,
  CommonOptions,
  Credentials,
  NodeRedisOptions,
  SentinelOptions,
  SingleOptions,
} from './options.ts'
import { problemsOfClient } from './own-client.ts'
import { problemsOfCommon, problemsOfCredentials } from './problems.ts'

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
  refuse([...problemsOfCommon(options, ['url']), ...problemsOfUrl(options.url)])
  const { place, ...rest } = parseUrl(options.url) as Location
  return { ...common(options, rest), place }
}

function readSentinels(options: SentinelOptions): Target {
  const { sentinels, name, sentinelCredentials = {}, database = 0 } = options
  refuse([
    ...problemsOfCommon(options, ['sentinels', 'name', 'database', 'sentinelCredentials']),
    ...problemsOfSentinels(sentinels, name),
    ...problemsOfDatabase('database', database),
    ...unknownKeys('sentinelCredentials', sentinelCredentials, ['username', 'password']),
    ...problemsOfCredentials('sentinelCredentials.', sentinelCredentials),
  ])
  const target = common(options, { database })
  const { access } = common({ ...sentinelCredentials, tls: options.tls }, {})
  return { ...target, name, sentinels: sentinels.map(withPort(SENTINEL_PORT)), sentinelAccess: access }
}

function readCluster(options: ClusterOptions): Target {
  refuse([...problemsOfCommon(options, ['cluster']), ...problemsOfSeeds(options.cluster)])
  const { hosts: seeds, ...found } = seedsIn(options.cluster)
  return { ...common(options, found), seeds }
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

function refuse(problems: readonly ConfigProblem[]): void {
  if (problems.length > 0) throw new ConfigError(problems)
}
