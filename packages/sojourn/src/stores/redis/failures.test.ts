import { expect, test } from 'vitest'
import { SystemError } from '../../core/errors.ts'
import { asSystemError } from './failures.ts'

const ECHO = 'ERR unknown command `auth`, with args beginning with: `app`, `hunter2`, '

test.each(['constructor', '__proto__ x', 'toString', 'hasOwnProperty: y', ''])(
  'an answer that begins with %j is one that nobody knows',
  (text) => {
    expect(asSystemError(new Error(text))).toMatchObject({
      code: 'STORE_UNAVAILABLE',
      retryable: true,
      message: expect.stringContaining(`(${text})`) as string,
    })
  },
)

test.each([
  ['an answer', new Error(ECHO)],
  ['the cause of a failure', new Error('The connection was lost.', { cause: new Error(ECHO) })],
  ['the cause of the port’s own error', unreachable(new Error(ECHO))],
  [
    'the cause of a cause',
    unreachable(new Error('No.', { cause: Object.assign(new Error(ECHO), { ECHO }) })),
  ],
])('what %s repeats of what was sent goes no further', (_, error) => {
  expect(said(asSystemError(error))).not.toContain('hunter2')
})

test('an error of the port itself stays, with what caused it', () => {
  const closed = new SystemError('CLOSED', 'The port was closed.')
  const lost = unreachable(new SystemError('STORE_UNSUPPORTED', 'It does not know HELLO.'))
  expect([asSystemError(closed), asSystemError(lost)]).toEqual([closed, lost])
  expect(asSystemError(unreachable(new Error('ECONNREFUSED')))).toMatchObject({
    code: 'STORE_UNAVAILABLE',
    message: 'There is no connection.',
    cause: { message: 'ECONNREFUSED' },
  })
})

function unreachable(cause: unknown): SystemError {
  return new SystemError('STORE_UNAVAILABLE', 'There is no connection.', { retryable: true, cause })
}

/** With stacks and causes. */
function said(error: Error): string {
  const text = `${error.message} ${error.stack} ${JSON.stringify(error)}`
  return error.cause instanceof Error ? `${text} ${said(error.cause)}` : text
}
