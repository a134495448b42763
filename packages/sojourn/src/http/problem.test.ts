import { describe, expect, test } from 'vitest'
import { ERROR_CODES, InputError, type InputCode, SystemError, type SystemCode } from '../core/errors.ts'
import { problem, problemOf } from './problem.ts'

const SYSTEM: readonly SystemCode[] = [
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
]

test('what goes over the wire', () => {
  expect(problem('invalid_session')).toEqual({
    status: 401,
    code: 'invalid_session',
    title: 'The session has ended. Sign in again.',
    headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store' },
    body: '{"type":"urn:sojourn:problem:invalid_session","title":"The session has ended. Sign in again.","status":401,"code":"invalid_session"}',
  })
  expect(problem('temporarily_unavailable', 3).headers).toMatchObject({ 'retry-after': '3' })
})

describe('of an error', () => {
  test.each(SYSTEM)('%s is a 503 that says when to come back and nothing else', (code) => {
    const answer = problemOf(new SystemError(code, 'in /var/lib/secret.db'))
    expect(answer).toMatchObject({
      status: 503,
      headers: { 'retry-after': '1', 'cache-control': 'no-store' },
    })
    expect(JSON.stringify(answer)).not.toContain('secret.db')
    expect(JSON.stringify(answer)).not.toContain(code)
  })

  test.each<[InputCode, number | undefined]>([
    ['DATA_NOT_JSON', 422],
    ['DATA_TOO_LARGE', 413],
    ['DATA_INVALID', 422],
    ['DATA_NOT_A_NUMBER', 422],
    ['SUBJECT_INVALID', 422],
    ['INSECURE_REQUEST', 403],
    ['CROSS_SITE_REQUEST', 403],
    ['NO_SESSION', 401],
    ['OPTION_INVALID', undefined],
    ['HEADERS_SENT', undefined],
    ['NOT_ATTACHED', undefined],
  ])('%s is a %s, and a framework that is left alone with it answers so', (code, status) => {
    const error = new InputError(code, 'x')
    expect(problemOf(error)?.status).toBe(status)
    expect(error.statusCode).toBe(status ?? 500)
  })

  test('somebody else’s error is not ours to answer', () => {
    for (const error of [new Error('x'), undefined, null, 'text', { code: 'STORE_FULL' }])
      expect(problemOf(error)).toBeUndefined()
  })

  test('every code is decided about', () => {
    expect(new Set(ERROR_CODES)).toEqual(
      new Set([
        'CONFIG_INVALID',
        ...SYSTEM,
        'DATA_NOT_JSON',
        'DATA_TOO_LARGE',
        'DATA_INVALID',
        'DATA_NOT_A_NUMBER',
        'SUBJECT_INVALID',
        'INSECURE_REQUEST',
        'CROSS_SITE_REQUEST',
        'NO_SESSION',
        'OPTION_INVALID',
        'HEADERS_SENT',
        'NOT_ATTACHED',
      ]),
    )
  })
})
