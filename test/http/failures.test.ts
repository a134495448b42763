/**
 * Requests that fail keep nothing of what they changed, however they fail and whoever answers; what was done at once
 * (a sign-in, a sign-out) stands, and the client is told of it. Over every adapter.
 */
import { describe, expect, test } from 'vitest'
import { ADAPTERS, type Answer, type AppHandle, type Handler } from './harness/adapters.ts'
import { type Browser, json } from './harness/browser.ts'
import { setCookies } from './harness/set-cookie.ts'
import { headerLines } from './harness/wire.ts'
import { startWorld, type World } from './harness/world.ts'

/** What the application changes before it fails. */
function change(session: AppHandle): void {
  session.set('theme', 'never kept')
  session.increment('count')
  session.unset('note')
}

function failing(text = 'the handler failed'): never {
  throw new Error(text)
}

const unstorable = (() => 1) as unknown as string

describe.each(ADAPTERS)('$name', (adapter) => {
  async function start(
    handler: Handler,
    options: Parameters<typeof startWorld>[0] = {},
  ): Promise<World & { readonly alice: Browser }> {
    const world = await startWorld({ adapter, ...options, routes: { 'POST /fails': handler } })
    const alice = world.browser()
    await alice.post('/login?user=alice')
    await alice.post('/set?note=from%20before')
    return { ...world, alice }
  }

  const ways: readonly [how: string, status: number, handler: Handler][] = [
    [
      'a throw after the change',
      500,
      ({ session }) => {
        change(session)
        failing()
      },
    ],
    [
      'a rejection after a change and a pause',
      500,
      async ({ session }) => {
        change(session)
        await new Promise((resolve) => setImmediate(resolve))
        failing()
      },
    ],
    [
      'a change after an error that was caught, and one that was not',
      500,
      ({ session }) => {
        try {
          failing('caught')
        } catch {
          change(session)
        }
        failing()
      },
    ],
    ...[500, 502, 503, 599].map((status): [string, number, Handler] => [
      `a deliberate ${status}`,
      status,
      ({ session }) => {
        change(session)
        return { status, body: 'sorry' }
      },
    ]),
    [
      'a deliberate 503 that says nothing more',
      503,
      ({ session }) => {
        change(session)
        return { status: 503 }
      },
    ],
    [
      'a deliberate 500 in pieces',
      500,
      ({ session }) => {
        change(session)
        return { status: 500, body: [Buffer.from('so'), Buffer.from('rry')] }
      },
    ],
  ]

  test.each(ways)('%s keeps nothing of it, and asks no store', async (_, status, handler) => {
    const world = await start(handler)
    const { commit } = world.store.faults.calls
    const answer = await world.alice.post('/fails')
    expect(answer).toMatchObject({ status, complete: true })
    expect(setCookies(answer)).toEqual([])
    expect(world.store.faults.calls.commit).toBe(commit)
    expect(json(await world.alice.get('/me'))).toMatchObject({
      subject: 'alice',
      data: { note: 'from before' },
    })
    expect((await world.alice.post('/set?theme=dark')).status, 'the next request is another one').toBe(200)
    expect(json(await world.alice.get('/me')).data).toEqual({ note: 'from before', theme: 'dark' })
  })

  test.each(ways)('%s begins no session for a visitor', async (_, status, handler) => {
    const world = await start(handler)
    const { commit } = world.store.faults.calls
    const answer = await world.browser().post('/fails')
    expect([answer.status, setCookies(answer)]).toEqual([status, []])
    expect(world.store.faults.calls.commit).toBe(commit)
  })

  test.each([400, 404, 409, 422, 499])(
    'a deliberate %i is an answer like any other: kept',
    async (status) => {
      const { alice } = await start(({ session }) => {
        session.set('theme', 'kept')
        return { status }
      })
      expect((await alice.post('/fails')).status).toBe(status)
      expect(json(await alice.get('/me')).data).toEqual({ note: 'from before', theme: 'kept' })
    },
  )

  // Express shows a middleware no errors: what its error handler answers below 500 is an answer like any other.
  const keepsWhatWasChangedBefore = adapter.name === 'express'

  test(`a change, and then one that cannot be stored: the 422 ${keepsWhatWasChangedBefore ? 'keeps the first' : 'keeps neither'}`, async () => {
    const { alice } = await start(({ session }) => {
      session.set('theme', 'first')
      session.set('note', unstorable)
      return {}
    })
    const answer = await alice.post('/fails')
    expect(answer.status).toBe(422)
    const { data } = json(await alice.get('/me'))
    expect(data).toEqual({
      note: 'from before',
      ...(keepsWhatWasChangedBefore ? { theme: 'first' } : {}),
    })
  })

  const done: readonly [what: string, act: (session: AppHandle) => Promise<unknown>, whose: string | null][] =
    [
      ['a sign-in', (session) => session.signIn('bob'), 'bob'],
      ['a sign-out', (session) => session.signOut(), null],
      ['an elevation', (session) => session.elevate({ aal: 2 }), 'alice'],
      ['a changed credential', (session) => session.credentialChanged(), 'alice'],
      ['the end of all sessions', (session) => session.revokeAll(), null],
    ]
  const thereafter: readonly [how: string, status: number, fail: (session: AppHandle) => Answer][] = [
    [
      'a throw',
      500,
      (session) => {
        change(session)
        failing()
      },
    ],
    [
      'a deliberate 503',
      503,
      (session) => {
        change(session)
        return { status: 503, body: 'sorry' }
      },
    ],
    [
      'data that cannot be stored',
      422,
      (session) => {
        session.set('note', unstorable)
        return {}
      },
    ],
    [
      'data that is too much in all',
      413,
      (session) => {
        session.set('note', 'a'.repeat(700))
        session.set('theme', 'b'.repeat(700))
        return { body: 'stored!' }
      },
    ],
  ]
  const both = done.flatMap(([what, act, whose]) =>
    thereafter.map(([how, status, fail]) => ({ what, act, whose, how, status, fail })),
  )

  test.each(both)(
    '$what and then $how: it stands, the client is told of it, no data is kept',
    async ({ act, whose, how, status, fail }) => {
      const world = await start(
        async ({ session }) => {
          await act(session)
          return fail(session)
        },
        { options: { data: { limit: '1KiB' } } },
      )
      const { token } = world.alice
      const answer = await world.alice.post('/fails')
      expect(answer.status).toBe(status)
      // `respond` hands an application's own error on to whoever called it, who answers it without us.
      const isOurs = !(adapter.name === 'web' && how === 'a throw')
      expect(setCookies(answer)).toHaveLength(isOurs ? 1 : 0)
      const old = world.browser(new Map([['__Host-Http-sid', token]]))
      expect(json(await old.get('/me'))).toMatchObject({ subject: null })
      const { subject, data } = json(await world.alice.get('/me'))
      expect(subject).toBe(isOurs ? whose : null)
      expect([data['theme'], data['count']]).toEqual([undefined, undefined])
    },
  )

  test('a schema that throws during the commit: told, 500, nothing kept, and the sign-in before it has its cookie', async () => {
    const progress = { fails: false }
    const validate = (value: unknown): { value: never } => {
      if (progress.fails) throw new TypeError('the schema failed')
      return { value: value as never }
    }
    const world = await start(
      async ({ session }) => {
        await session.signIn('bob')
        progress.fails = true
        session.set('theme', 'never kept')
        return { body: 'stored!' }
      },
      { options: { data: { schema: { '~standard': { version: 1, vendor: 'test', validate } } } } },
    )
    const answer = await world.alice.post('/fails')
    expect(answer.status).toBe(500)
    expect(answer.body).not.toContain('stored!')
    expect(world.errors).toMatchObject([{ message: 'the schema failed' }])
    // As above: `respond` hands it on.
    const isOurs = adapter.name !== 'web'
    expect(headerLines(answer, 'set-cookie')).toHaveLength(isOurs ? 1 : 0)
    expect(json(await world.alice.get('/me'))).toMatchObject({ subject: isOurs ? 'bob' : null, data: {} })
  })

  test('a session that ends while its handler runs after a change: 401, and no data of it anywhere', async () => {
    const world = await start(async ({ session }) => {
      session.set('theme', 'too late')
      await world.sessions.revokeAll('alice')
      return { body: 'stored!' }
    })
    const answer = await world.alice.post('/fails')
    expect(answer.status).toBe(401)
    expect(answer.body).not.toContain('stored!')
    expect(setCookies(answer)).toEqual([])
    expect(await world.sessions.list('alice')).toEqual([])
  })

  test('an outage after a sign-in: 503, its cookie all the same, no data', async () => {
    const world = await start(async ({ session }) => {
      await session.signIn('bob')
      session.set('theme', 'never kept')
      world.store.faults.fail({ times: Number.POSITIVE_INFINITY })
      return { body: 'stored!' }
    })
    const answer = await world.alice.post('/fails')
    expect(answer.status).toBe(503)
    expect(setCookies(answer)).toHaveLength(1)
    world.store.faults.heal()
    expect(json(await world.alice.get('/me'))).toMatchObject({ subject: 'bob', data: {} })
  })
})
