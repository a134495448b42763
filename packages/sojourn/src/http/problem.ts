/**
 * Errors over HTTP: RFC 9457 problem JSON, coarse outward. Why exactly a token was refused is told to the
 * application and to listeners, not to the client.
 */
import { InputError, SystemError } from '../core/errors.ts'

export interface Problem {
  readonly status: number
  readonly code: ProblemCode
  /** In English, for the client's eyes. */
  readonly title: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export type ProblemCode =
  | 'invalid_session'
  | 'temporarily_unavailable'
  | 'data_too_large'
  | 'invalid_data'
  | 'insecure_request'
  | 'cross_site_request'
  | 'internal_error'

const PROBLEMS: Readonly<Record<ProblemCode, { readonly status: number; readonly title: string }>> = {
  invalid_session: { status: 401, title: 'The session has ended. Sign in again.' },
  temporarily_unavailable: {
    status: 503,
    title: 'Sessions cannot be checked at the moment. Try again shortly.',
  },
  data_too_large: { status: 413, title: 'The session cannot hold that much.' },
  invalid_data: { status: 422, title: 'The session cannot hold that value.' },
  insecure_request: { status: 403, title: 'Sessions are available over HTTPS only.' },
  cross_site_request: { status: 403, title: 'This request came from another site.' },
  internal_error: { status: 500, title: 'The request could not be completed.' },
}

export function problem(code: ProblemCode, retryAfter?: number): Problem {
  const { status, title } = PROBLEMS[code]
  return {
    status,
    code,
    title,
    headers: {
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      ...(code === 'cross_site_request' ? { vary: 'Sec-Fetch-Site, Origin' } : {}),
      ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
    },
    body: JSON.stringify({ type: `urn:sojourn:problem:${code}`, title, status, code }),
  }
}

/** The problem that an error of this library amounts to; `undefined` for anybody else's error. */
export function problemOf(error: unknown): Problem | undefined {
  if (error instanceof SystemError) return problem('temporarily_unavailable', 1)
  if (!(error instanceof InputError)) return undefined
  if (error.code === 'DATA_TOO_LARGE') return problem('data_too_large')
  if (error.code === 'INSECURE_REQUEST') return problem('insecure_request')
  if (error.code === 'CROSS_SITE_REQUEST') return problem('cross_site_request')
  if (error.code === 'NO_SESSION') return problem('invalid_session')
  return error.statusCode === 500 ? undefined : problem('invalid_data')
}
