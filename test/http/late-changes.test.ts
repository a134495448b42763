/** Changes in the middle of a body, when the head has left: refused, or stored, and never lost without a word. */
import { Hono } from 'hono'
import { stream } from 'hono/streaming'
import { honoSessions } from 'sojourn/hono'
import { describe, expect, test } from 'vitest'
import { ADAPTERS, type AppHandle } from './harness/adapters.ts'
import type { Me } from './harness/application.ts'
import { json } from './harness/browser.ts'
import { startWorld, type World } from './harness/world.ts'

type Change = (session: AppHandle) => unknown

/** What needs a cookie of this response. */
const renewals: readonly [string, Change][] = [
  ['elevate', (session) => session.elevate({ aal: 2 })],
  ['regenerate', (session) => session.regenerate()],
  ['signIn', (session) => session.signIn('bob')],
  ['signIn of an attempt', async (session) => await session.signIn(await session.attempt('bob'))],
  ['credentialChanged', (session) => session.credentialChanged()],
]

/** With what is stored afterwards of a session that had `theme: 'dark'`. */
const dataChanges: readonly [string, Change, stored: object][] = [
  ['set', (session) => session.set('note', 'late'), { theme: 'dark', note: 'late' }],
  ['increment', (session) => session.increment('count'), { theme: 'dark', count: 1 }],
  ['unset', (session) => session.unset('theme'), {}],
]

/** What the request does before its body begins. */
const befores: readonly [string, Change][] = [
  ['that changed nothing before', () => undefined],
  ['that read before', (session) => session.subject],
  ['that changed something before', (session) => session.set('cart', ['early'])],
]

interface During {
  readonly world: World
  readonly said: string
  readonly me: Me
}

async function codeOf(change: () => unknown): Promise<string> {
  try {
    await change()
    return 'done'
  } catch (error) {
    return String((error as { readonly code?: unknown }).code)
  }
}

/** The second piece is the code that the change threw; it is made when the head and the first have left. */
async function* bodyOf(headHasLeft: Promise<unknown>, change: () => unknown): AsyncIterable<Uint8Array> {
  yield Buffer.from('begun ')
  await headHasLeft
  yield Buffer.from(await codeOf(change))
}

describe.each(ADAPTERS)('$name', (adapter) => {
  async function during(before: Change, change: Change): Promise<During> {
    const head = Promise.withResolvers<undefined>()
    const world = await startWorld({
      adapter,
      routes: {
        'POST /stream'({ session }) {
          before(session)
          return { body: bodyOf(head.promise, () => change(session)) }
        },
      },
    })
    const alice = world.browser()
    await alice.post('/login?user=alice')
    await alice.post('/set?theme=dark')
    const wire = await alice.begin('POST', '/stream')
    while (wire.waiting === 0) await world.browser().get('/')
    head.resolve(undefined)
    const answer = alice.take(await wire.response())
    expect(answer).toMatchObject({ status: 200, complete: true })
    return { world, said: answer.body, me: json(await alice.get('/me')) }
  }

  describe.each(befores)('of a request %s', (_before, before) => {
    test.each(renewals)('%s throws HEADERS_SENT, and nobody is signed out by it', async (_what, renew) => {
      const { said, me, world } = await during(before, renew)
      expect(said).toBe('begun HEADERS_SENT')
      expect(me).toMatchObject({ subject: 'alice', aal: 1, data: { theme: 'dark' } })
      expect(await world.sessions.list('bob')).toEqual([])
    })

    test.each(dataChanges)('%s throws HEADERS_SENT, or is stored', async (_what, change, stored) => {
      const { said, me } = await during(before, change)
      const { cart: _, ...data } = me.data
      expect([
        ['begun HEADERS_SENT', { theme: 'dark' }],
        ['begun done', stored],
      ]).toContainEqual([said, data])
    })

    test('update is made at once, as ever', async () => {
      const { said, me } = await during(before, (session) =>
        session.update((data) => ({ ...data, note: 'late' })),
      )
      expect(said).toBe('begun done')
      expect(me).toMatchObject({ data: { note: 'late', theme: 'dark' } })
    })
  })
})

describe('without a server', () => {
  const request = (cookie: string): Request =>
    new Request('http://localhost/', { method: 'POST', headers: { cookie } })

  type Answering = (world: World, request: Request, change: Change) => Promise<Response>

  const ways: readonly [string, Answering][] = [
    [
      '`respond`',
      async ({ sessions }, asked, change) =>
        await sessions.respond(
          asked,
          (session) =>
            new Response(ReadableStream.from(bodyOf(Promise.resolve(), async () => await change(session)))),
        ),
    ],
    [
      '`app.request` of Hono',
      async ({ sessions }, asked, change) => {
        const app = new Hono().use(honoSessions(sessions)).post('/', (context) =>
          stream(context, async (out) => {
            await out.write('begun ')
            await new Promise((resolve) => setImmediate(resolve))
            await out.write(await codeOf(() => change(context.var.session)))
          }),
        )
        return await app.request(asked)
      },
    ],
  ]

  const all = [...renewals, ...dataChanges].map(([what, change]) => [what, change] as const)

  describe.each(ways)('%s', (_way, answering) => {
    test.each(all)('%s throws HEADERS_SENT', async (_what, change) => {
      const world = await startWorld()
      const { token } = (await world.sessions.signIn('alice', { transport: '__Host-Http-sid' })) as {
        readonly token: string
      }
      const answer = await answering(world, request(`__Host-Http-sid=${token}`), change)
      expect(await answer.text()).toBe('begun HEADERS_SENT')
      expect(answer.headers.getSetCookie()).toEqual([])
      expect(await world.sessions.verify(token, '__Host-Http-sid')).toMatchObject({
        kind: 'valid',
        session: { subject: 'alice', data: {} },
      })
    })
  })
})
