/** What is wrong with options. No message repeats a URL: it may hold a password. */
import type { ConfigProblem } from '../../../core/errors.ts'
import { unknownKeys } from '../../../core/policy/unknown-keys.ts'
import type { Address, CommonOptions, Credentials } from './options.ts'
import { parseUrl } from './url.ts'

const COMMON = ['username', 'password', 'tls', 'environment']

export function problemsOfCommon(options: CommonOptions, further: readonly string[]): ConfigProblem[] {
  const { tls } = options
  const isTls = tls === undefined || tls === true || (typeof tls === 'object' && tls !== null)
  return [
    ...unknownKeys('', options, [...further, ...COMMON]),
    ...problemsOfCredentials('', options),
    ...(isTls
      ? []
      : [{ path: 'tls', message: 'Write true, or an object for node:tls; leave it out for none.' }]),
  ]
}

export function problemsOfCredentials(at: string, { username, password }: Credentials): ConfigProblem[] {
  const problems: ConfigProblem[] = []
  if (username !== undefined && (typeof username !== 'string' || username === ''))
    problems.push({ path: `${at}username`, message: 'Write the name of a Redis user, or leave it out.' })
  if (
    password !== undefined &&
    typeof password !== 'function' &&
    (typeof password !== 'string' || password === '')
  )
    problems.push({
      path: `${at}password`,
      message: 'Write a text or a function that gives one, or leave it out.',
    })
  if (username !== undefined && password === undefined)
    problems.push({
      path: `${at}password`,
      message: 'A user needs a password. Write it, or leave out the user.',
    })
  return problems
}

export function problemsOfAddresses(path: string, list: unknown): ConfigProblem[] {
  if (!Array.isArray(list) || list.length === 0)
    return [{ path, message: "Write at least one address, such as { host: '10.0.0.1' }." }]
  return list.flatMap((address, at) =>
    isAddress(address)
      ? []
      : [
          {
            path: `${path}[${at}]`,
            message: "Write { host: '10.0.0.1', port: 6379 }; the port may be left out.",
          },
        ],
  )
}

export function problemsOfSeeds(seeds: unknown): ConfigProblem[] {
  if (!Array.isArray(seeds)) return problemsOfAddresses('cluster', seeds)
  const addresses = seeds.map((seed: unknown) => (typeof seed === 'string' ? { host: 'url' } : seed))
  const isSeed = (seed: string): boolean => {
    const location = parseUrl(seed)
    return location !== undefined && 'host' in location.place && location.database === undefined
  }
  return [
    ...problemsOfAddresses('cluster', addresses),
    ...seeds.flatMap((seed: unknown, at) =>
      typeof seed === 'string' && !isSeed(seed)
        ? [badUrl(`cluster[${at}]`, "'redis://10.0.0.1:6379', without a database, which a cluster has not")]
        : [],
    ),
  ]
}

function isAddress(value: unknown): value is Address {
  const { host, port = 1 } = (value ?? {}) as { readonly host?: unknown; readonly port?: unknown }
  return (
    typeof host === 'string' &&
    host !== '' &&
    Number.isInteger(port) &&
    Number(port) > 0 &&
    Number(port) < 65_536
  )
}

export function badUrl(path: string, example: string): ConfigProblem {
  return { path, message: `This is no URL of a Redis. Write one such as ${example}.` }
}
