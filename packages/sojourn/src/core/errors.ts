/**
 * Every error this library throws, and every code it can carry. Expected negatives are values
 * (`Verdict`, `'conflict'`, `SignInResult`), not errors. Each code has a page in `docs/errors/`.
 *
 * Messages are sentences that say what to do. They may name a session id; never a token, cookie or key.
 */

/** Failing machinery: the request cannot be decided now. Over HTTP these are 503. */
export type SystemCode =
  | 'STORE_UNAVAILABLE'
  | 'STORE_FULL'
  | 'STORE_CORRUPT'
  | 'STORE_READ_ONLY'
  | 'STORE_FOREIGN'
  | 'STORE_NEWER'
  | 'STORE_DENIED'
  | 'STORE_UNSUPPORTED'
  | 'STORE_UNCONFIRMED'
  | 'DEADLINE_EXCEEDED'
  | 'OVERLOADED'
  | 'CONTENTION'
  | 'REVOKE_UNCERTAIN'
  | 'DEPLOYMENT_MISMATCH'
  | 'RANDOMNESS_FAILED'
  | 'CLOSED'

/** The application asked for something that cannot be done with these values. Nothing was stored. */
export type InputCode =
  | 'DATA_NOT_JSON'
  | 'DATA_TOO_LARGE'
  | 'DATA_INVALID'
  | 'DATA_NOT_A_NUMBER'
  | 'SUBJECT_INVALID'
  | 'OPTION_INVALID'
  | 'INSECURE_REQUEST'
  | 'CROSS_SITE_REQUEST'
  | 'HEADERS_SENT'
  | 'NO_SESSION'
  | 'NOT_ATTACHED'

export type ErrorCode = 'CONFIG_INVALID' | SystemCode | InputCode

/** All codes, for the test that binds them to their pages. */
export const ERROR_CODES: readonly ErrorCode[] = [
  'CONFIG_INVALID',
  'STORE_UNAVAILABLE',
  'STORE_FULL',
  'STORE_CORRUPT',
  'STORE_READ_ONLY',
  'STORE_FOREIGN',
  'STORE_NEWER',
  'STORE_DENIED',
  'STORE_UNSUPPORTED',
  'STORE_UNCONFIRMED',
  'DEADLINE_EXCEEDED',
  'OVERLOADED',
  'CONTENTION',
  'REVOKE_UNCERTAIN',
  'DEPLOYMENT_MISMATCH',
  'RANDOMNESS_FAILED',
  'CLOSED',
  'DATA_NOT_JSON',
  'DATA_TOO_LARGE',
  'DATA_INVALID',
  'DATA_NOT_A_NUMBER',
  'SUBJECT_INVALID',
  'OPTION_INVALID',
  'INSECURE_REQUEST',
  'CROSS_SITE_REQUEST',
  'HEADERS_SENT',
  'NO_SESSION',
  'NOT_ATTACHED',
]

/** The page about a code, in this project's repository. */
function pageOf(code: ErrorCode): string {
  return `docs/errors/${code}.md`
}

export interface ConfigProblem {
  /** Where: `cookie.sameSite`, `secrets[0]`. */
  readonly path: string
  /** What is wrong and what to write instead. */
  readonly message: string
}

/** The options cannot work. Lists every problem at once, so that one edit mends them all. */
export class ConfigError extends Error {
  readonly code = 'CONFIG_INVALID'
  /** The page that says what it means and what to do. */
  readonly docs: string = pageOf('CONFIG_INVALID')
  readonly problems: readonly ConfigProblem[]

  constructor(problems: readonly ConfigProblem[]) {
    super(
      ['Sojourn cannot start with these options:', ...problems.map((p) => `  ${p.path}: ${p.message}`)].join(
        '\n',
      ),
    )
    this.name = 'ConfigError'
    this.problems = problems
  }
}

export class SystemError extends Error {
  readonly code: SystemCode
  /** What web frameworks answer when nobody catches it. */
  readonly statusCode = 503
  /** The page that says what it means and what to do. */
  readonly docs: string
  /** Whether the same call may succeed later without anybody changing anything. */
  readonly retryable: boolean

  constructor(code: SystemCode, message: string, options: { retryable?: boolean; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'SystemError'
    this.code = code
    this.docs = pageOf(code)
    this.retryable = options.retryable ?? false
  }
}

/**
 * A revocation was asked for and its effect could not be confirmed. This process refuses the sessions
 * from now on and keeps trying until the store confirms it; do not tell the user that it is done.
 */
export class RevokeUncertain extends SystemError {
  /** Settles when the revocation is confirmed; it never rejects and may wait as long as the outage does. */
  readonly completed: Promise<void>

  constructor(completed: Promise<void>, cause?: unknown) {
    super(
      'REVOKE_UNCERTAIN',
      'The store did not confirm the revocation. It is refused here at once and is being retried; tell the user to check again.',
      {
        retryable: true,
        cause,
      },
    )
    this.name = 'RevokeUncertain'
    this.completed = completed
  }
}

const UNPROCESSABLE = 422

const INPUT_STATUS: Readonly<Partial<Record<InputCode, number>>> = {
  DATA_TOO_LARGE: 413,
  INSECURE_REQUEST: 403,
  CROSS_SITE_REQUEST: 403,
  NO_SESSION: 401,
  // Mistakes in the program, which the client cannot mend.
  OPTION_INVALID: 500,
  HEADERS_SENT: 500,
  NOT_ATTACHED: 500,
}

export class InputError extends Error {
  readonly code: InputCode
  /** What web frameworks answer when nobody catches it. */
  readonly statusCode: number
  /** The page that says what it means and what to do. */
  readonly docs: string

  constructor(code: InputCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'InputError'
    this.code = code
    this.statusCode = INPUT_STATUS[code] ?? UNPROCESSABLE
    this.docs = pageOf(code)
  }
}

export function newerFormat(): SystemError {
  return new SystemError(
    'STORE_NEWER',
    'This record was written by a later version of Sojourn. Update this process; it changes nothing until then.',
  )
}
