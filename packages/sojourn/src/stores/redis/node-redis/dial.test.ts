import { expect, test } from 'vitest'
import { dialer } from './dial.ts'

test('however many places are dialed, the driver builds its class of commands once', () => {
  const dial = dialer({ database: 0 })
  const classes = [1, 2, 3].flatMap((port) =>
    [true, false].map((tracked) => {
      const connection: unknown = dial({ host: '127.0.0.1', port }, { tracked })
      return (connection as { readonly constructor: unknown }).constructor
    }),
  )
  expect(new Set(classes).size).toBe(1)
})
