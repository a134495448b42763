/** Event streams that stay open, and end with their session: over every adapter. */
import { describe, expect, test } from 'vitest'
import { ADAPTERS, type Handler } from './harness/adapters.ts'
import type { Browser } from './harness/browser.ts'
import { header, type Wire, type WireResponse } from './harness/wire.ts'
import { startWorld, type World, type WorldOptions } from './harness/world.ts'

/** Says hello, and goodbye when the session has ended. */
const events: Handler = ({ session }) => {
  const ended = Promise.withResolvers<string>()
  const forget = session.onEnd((reason) => ended.resolve(reason))
  const body = async function* (): AsyncGenerator<Uint8Array> {
    try {
      yield Buffer.from(`data: hello ${session.subject}\n\n`)
      yield Buffer.from(`event: end\ndata: ${await ended.promise}\n\n`)
    } finally {
      forget()
    }
  }
  return { headers: [['content-type', 'text/event-stream']], body: body() }
}

const HELLO = 'data: hello alice\n\n'

describe.each(ADAPTERS)('$name', (adapter) => {
  async function start(options: WorldOptions = {}): Promise<World & { readonly alice: Browser }> {
    const world = await startWorld({
      adapter,
      routes: {
        'GET /events': events,
        'POST /events'(visit) {
          visit.session.increment('count')
          return events(visit)
        },
      },
      ...options,
    })
    const alice = world.browser()
    await alice.post('/login?user=alice')
    return { ...world, alice }
  }

  /** Until its first event is there. */
  async function opened(world: World, client: Browser, method = 'GET'): Promise<Wire> {
    const wire = await client.begin(method, '/events', { headers: [['Accept', 'text/event-stream']] })
    await settle(world)
    expect(wire.waiting).toBeGreaterThan(HELLO.length)
    return wire
  }

  async function isStillOpen(world: World, wire: Wire): Promise<boolean> {
    const before = wire.waiting
    await settle(world)
    return wire.waiting === before
  }

  function isEnded(response: WireResponse, reason: string): void {
    expect(response).toMatchObject({ status: 200, complete: true })
    expect(response.body).toBe(`${HELLO}event: end\ndata: ${reason}\n\n`)
    expect(header(response, 'content-type')).toBe('text/event-stream')
    expect(header(response, 'cache-control')).toBe('no-store')
  }

  test.each(['GET', 'POST'])(
    'a stream that a %s began stays open, and ends with the session: at once',
    async (method) => {
      const world = await start()
      const wire = await opened(world, world.alice, method)
      expect(await isStillOpen(world, wire)).toBe(true)
      await world.alice.copy().post('/logout')
      isEnded(await wire.response(), 'signed-out')
    },
  )

  test('two streams of one session end together, and that of another goes on', async () => {
    const world = await start()
    const tablet = world.browser()
    await tablet.post('/login?user=alice')
    const [one, two, other] = [
      await opened(world, world.alice),
      await opened(world, world.alice),
      await opened(world, tablet),
    ]
    await world.alice.copy().post('/logout')
    isEnded(await one.response(), 'signed-out')
    isEnded(await two.response(), 'signed-out')
    expect(await isStillOpen(world, other)).toBe(true)
    other.abort()
  })

  test('it goes on through a regeneration and an elevation, and ends when the session times out', async () => {
    const world = await start()
    const wire = await opened(world, world.alice)
    await world.alice.post('/regenerate')
    await world.alice.post('/elevate')
    await world.environment.advance(60_000)
    expect(await isStillOpen(world, wire)).toBe(true)
    await world.environment.advance(60 * 60_000)
    isEnded(await wire.response(), 'idle-timeout')
  })

  test('another site’s page gets none, with or without a session', async () => {
    const world = await start()
    const headers = [
      ['Accept', 'text/event-stream'],
      ['Origin', 'https://evil.example'],
    ] as const
    for (const client of [world.alice, world.browser()])
      expect((await client.get('/events', { headers })).status).toBe(403)
  })

  test('a visitor without session has nothing that could end: 401', async () => {
    const world = await start()
    expect((await world.browser().get('/events')).status).toBe(401)
  })
})

/** Long enough for whatever was sent to have arrived. */
async function settle({ browser }: World): Promise<void> {
  for (let round = 0; round < 3; round++) await browser().get('/')
}
