/** Hono's answers say once what they vary by, whatever they said themselves. */
import { getRequestListener } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import { honoSessions } from 'sojourn/hono'
import { expect, test } from 'vitest'
import type { AppHandle } from './harness/adapters.ts'
import { headerLines } from './harness/wire.ts'
import { startWorld } from './harness/world.ts'

type Look = (session: AppHandle) => unknown

const looks: readonly [string, Look][] = [
  ['a visitor is looked at', (session) => session.subject],
  ['a visitor signs in', async (session) => await session.signIn('alice')],
  ['a visitor is looked at and gets a session', (session) => [session.subject, session.set('note', 'x')]],
]

const rows = looks.flatMap(([what, look]) =>
  [
    [undefined, 'Cookie'],
    ['Accept', 'Accept, Cookie'],
    ['*', '*'],
    ['Cookie', 'Cookie'],
    ['Accept, cookie', 'Accept, cookie'],
    ['X-Cookie', 'X-Cookie, Cookie'],
  ].map(([own, expected]) => [what, own, expected, look] as const),
)

test.each(rows)('%s: Vary %s becomes %s', async (_what, own, expected, look) => {
  const { browser } = await startWorld({
    listener(sessions) {
      const app = new Hono().use(honoSessions(sessions)).all('*', async (context: Context) => {
        await look(context.var['session'] as AppHandle)
        return context.text('x', 200, own === undefined ? {} : { Vary: own })
      })
      const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false })
      return (request, response) => void listener(request, response)
    },
  })
  const answer = await browser().post('/')
  expect(headerLines(answer, 'vary').join(', ')).toBe(expected)
})
