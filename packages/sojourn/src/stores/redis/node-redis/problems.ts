/** What is wrong with options that hold wherever Redis is. */
import type { ConfigProblem } from '../../../core/errors.ts'
import { unknownKeys } from '../../../core/policy/unknown-keys.ts'
import type { CommonOptions, Credentials } from './options.ts'

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
