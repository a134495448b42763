/** Options that would be looked at by nobody are refused at the start, with what to do instead. */
import { createSessions, type SessionsOptions } from 'sojourn'
import { expressSessions } from 'sojourn/express'
import { fastifySessions } from 'sojourn/fastify'
import { honoSessions } from 'sojourn/hono'
import { koaSessions } from 'sojourn/koa'
import { withSessions } from 'sojourn/node'
import { memoryStore } from 'sojourn/stores/memory'
import { describe, expect, test } from 'vitest'
import type { AppSessions } from './harness/adapters.ts'
import { SECRET, startWorld } from './harness/world.ts'

type Options = SessionsOptions<Record<string, unknown>>

function refusals(options: Partial<Options>): readonly { readonly path: string; readonly message: string }[] {
  try {
    void createSessions({ deployment: 'test', secrets: SECRET, store: memoryStore(), ...options })
  } catch (error) {
    return (error as { readonly problems: ReturnType<typeof refusals> }).problems
  }
  return []
}

describe('`csrf` where no cookies are used', () => {
  test.each<[string, Options['csrf']]>([
    ['an empty one', {}],
    ['trusted origins', { trustedOrigins: ['https://app.shop.example'] }],
    ['a mode', { mode: 'log' }],
  ])('%s is refused, beside all other problems', (_what, csrf) => {
    expect(refusals({ transport: 'bearer', ...(csrf !== undefined && { csrf }) })).toMatchObject([
      {
        path: 'csrf',
        message: expect.stringMatching(/Remove it, or set `transport` to 'cookie' or 'both'/) as unknown,
      },
    ])
    expect(
      refusals({ transport: 'bearer', cookie: {}, ...(csrf !== undefined && { csrf }) }).map(
        ({ path }) => path,
      ),
    ).toEqual(['cookie', 'csrf'])
  })

  test('`false` says what is so, and is accepted', () => {
    expect(refusals({ transport: 'bearer', csrf: false })).toEqual([])
    expect(refusals({ transport: 'bearer' })).toEqual([])
  })

  test.each(['cookie', 'both'] as const)('with `%s` it is accepted', (transport) => {
    expect(refusals({ transport, csrf: { mode: 'log' } })).toEqual([])
  })
})

describe('an adapter’s options', () => {
  const adapters: readonly [string, (sessions: AppSessions, options: object) => unknown][] = [
    ['withSessions', (sessions, options) => withSessions(sessions, () => undefined, options)],
    ['expressSessions', (sessions, options) => expressSessions(sessions, options)],
    ['fastifySessions', (sessions, options) => fastifySessions(sessions, options)],
    ['koaSessions', (sessions, options) => koaSessions(sessions, options)],
    ['honoSessions', (sessions, options) => honoSessions(sessions, options)],
  ]

  test.each(adapters)('%s refuses a name that it does not know', async (_name, make) => {
    const { sessions } = await startWorld()
    expect(() => make(sessions, { propery: 'staff' })).toThrow(/propery/)
  })

  test.each(adapters)('%s refuses a mode that there is not', async (_name, make) => {
    const { sessions } = await startWorld()
    for (const mode of ['Strict', '', null, 5]) expect(() => make(sessions, { mode })).toThrow(/mode/)
    for (const mode of ['strict', 'bounded', () => 'strict']) expect(make(sessions, { mode })).toBeDefined()
  })

  test.each(adapters.slice(1))('%s takes `property`', async (_name, make) => {
    const { sessions } = await startWorld()
    expect(() => make(sessions, { property: 'staff' })).not.toThrow()
  })
})
