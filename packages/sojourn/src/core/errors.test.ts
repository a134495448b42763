// Every code has a page, every page a code, and the list of codes is the type.
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  ConfigError,
  ERROR_CODES,
  type ErrorCode,
  InputError,
  RevokeUncertain,
  SystemError,
} from './errors.ts'

const pages = new URL('../../../../docs/errors/', import.meta.url)
const SECTIONS = ['## When it comes', '## What to do', '## Over HTTP', '## Example']

/** Does not compile when a code of the type is missing or a name is none. */
const everyCode: Readonly<Record<ErrorCode, true>> = {
  CONFIG_INVALID: true,
  STORE_UNAVAILABLE: true,
  STORE_FULL: true,
  STORE_CORRUPT: true,
  STORE_READ_ONLY: true,
  STORE_FOREIGN: true,
  STORE_NEWER: true,
  STORE_DENIED: true,
  STORE_UNSUPPORTED: true,
  STORE_UNCONFIRMED: true,
  DEADLINE_EXCEEDED: true,
  OVERLOADED: true,
  CONTENTION: true,
  REVOKE_UNCERTAIN: true,
  DEPLOYMENT_MISMATCH: true,
  RANDOMNESS_FAILED: true,
  CLOSED: true,
  DATA_NOT_JSON: true,
  DATA_TOO_LARGE: true,
  DATA_INVALID: true,
  DATA_NOT_A_NUMBER: true,
  SUBJECT_INVALID: true,
  OPTION_INVALID: true,
  INSECURE_REQUEST: true,
  HEADERS_SENT: true,
  NO_SESSION: true,
  CROSS_SITE_REQUEST: true,
  NOT_ATTACHED: true,
}

describe('the error codes', () => {
  it('are those of the type, each once', () => {
    expect(ERROR_CODES.toSorted()).toEqual(Object.keys(everyCode).toSorted())
  })

  it('have a page each, and no page is about anything else', () => {
    const named = readdirSync(pages).map((file) => file.replace(/\.md$/, ''))
    expect(named.toSorted()).toEqual(ERROR_CODES.toSorted())
  })

  it.each(ERROR_CODES)('%s has its page in the one form', (code) => {
    const page = readFileSync(new URL(`${code}.md`, pages), 'utf8')
    expect(page.startsWith(`# ${code}\n\n`)).toBe(true)
    expect(page.match(/^## .*$/gm)).toEqual(SECTIONS)
    expect(page).toMatch(/^## Example\n\n```text\n.+/m)
  })
})

describe('the errors', () => {
  it('carry code, name, cause and whether a retry may help', () => {
    const cause = new Error('reset')
    expect(new SystemError('STORE_FULL', 'Full.', { retryable: true, cause })).toMatchObject({
      name: 'SystemError',
      code: 'STORE_FULL',
      retryable: true,
      cause,
    })
    expect(new SystemError('CLOSED', 'Closed.')).toMatchObject({ retryable: false })
    expect(new InputError('DATA_INVALID', 'No.', { cause })).toMatchObject({
      name: 'InputError',
      code: 'DATA_INVALID',
      cause,
    })
    const completed = Promise.resolve()
    expect(new RevokeUncertain(completed)).toMatchObject({
      name: 'RevokeUncertain',
      code: 'REVOKE_UNCERTAIN',
      retryable: true,
      completed,
    })
  })

  it('list every problem with the options, one a line', () => {
    const error = new ConfigError([
      { path: 'cookie.name', message: 'One.' },
      { path: 'secrets[0]', message: 'Two.' },
    ])
    expect(error.message.split('\n').slice(1)).toEqual(['  cookie.name: One.', '  secrets[0]: Two.'])
    expect(error).toMatchObject({
      code: 'CONFIG_INVALID',
      problems: [{ path: 'cookie.name' }, { path: 'secrets[0]' }],
    })
  })
})
