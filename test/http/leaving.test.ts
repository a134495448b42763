/** Clients that go away in the middle of an answer, which is held, begun, or still being made: over every adapter. */
import { describe, expect, test } from 'vitest'
import { ADAPTERS, type Visit } from './harness/adapters.ts'
import { type Browser, json } from './harness/browser.ts'
import { type Signal, signal } from './harness/signal.ts'
import { startWorld, type World } from './harness/world.ts'

describe.each(ADAPTERS)('$name', (adapter) => {
  async function start(
    handler: (visit: Visit, slow: Signal) => unknown,
  ): Promise<World & { readonly alice: Browser; readonly slow: Signal }> {
    const slow = signal()
    const world = await startWorld({
      adapter,
      options: { regenerate: { every: '1m' } },
      routes: {
        async 'POST /slow'(visit) {
          await handler(visit, slow)
          return { body: 'nobody hears' }
        },
      },
    })
    const alice = world.browser()
    await alice.post('/login?user=alice')
    return { ...world, alice, slow }
  }

  test('while the commit is held: stored, no new secret for nobody, and the next answer brings it', async () => {
    const world = await start(async ({ session }, slow) => {
      session.set('note', 'left')
      await slow.reached()
    })
    const { alice, slow, store, environment } = world
    await environment.advance(2 * 60_000)
    const gate = store.faults.hold({ on: 'commit', times: 1 })
    const wire = await alice.begin('POST', '/slow')
    await slow.arrived
    slow.go()
    await gate.arrived()
    await leave(world, wire)
    gate.release()
    await settle(world)
    expect(names(world)).not.toContain('session.regenerated')
    await environment.advance(60_000)
    const { token } = alice
    expect(json(await alice.get('/me'))).toMatchObject({ subject: 'alice', data: { note: 'left' } })
    expect(alice.token).not.toBe(token)
    expect(world.errors).toEqual([])
  })

  test('while the handler runs: its sign-in begins nothing and says that the client has left', async () => {
    const codes: unknown[] = []
    const world = await start(async ({ session }, slow) => {
      await slow.reached()
      codes.push(await session.signIn('bob').then(({ kind }) => kind, codeOf))
    })
    const wire = await world.alice.begin('POST', '/slow')
    await world.slow.arrived
    await leave(world, wire)
    world.slow.go()
    await settle(world)
    expect(codes).toEqual(['HEADERS_SENT'])
    expect(await world.sessions.list('bob')).toEqual([])
    expect(json(await world.alice.get('/me'))).toMatchObject({ subject: 'alice' })
  })

  test('while the handler runs: its own data is refused or stored, and nothing escapes', async () => {
    const codes: unknown[] = []
    const world = await start(async ({ session }, slow) => {
      await slow.reached()
      try {
        session.set('note', 'late')
      } catch (error) {
        codes.push(codeOf(error))
      }
    })
    const wire = await world.alice.begin('POST', '/slow')
    await world.slow.arrived
    await leave(world, wire)
    world.slow.go()
    await settle(world)
    const { data } = json(await world.alice.get('/me'))
    expect([codes, data['note']]).toEqual([['HEADERS_SENT'], undefined])
    expect(world.errors).toEqual([])
  })

  test('in the middle of a body that comes in pieces: the source is told to stop', async () => {
    const stopped = Promise.withResolvers<void>()
    const piece = Buffer.alloc(64 * 1024, 'x')
    const endless = async function* (): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield piece
      } finally {
        stopped.resolve()
      }
    }
    const world = await startWorld({
      adapter,
      routes: {
        'POST /endless'({ session }) {
          session.set('note', 'begun')
          return { body: endless() }
        },
      },
    })
    const alice = world.browser()
    await alice.post('/login?user=alice')
    const wire = await alice.begin('POST', '/endless')
    while (wire.waiting < 10 * piece.length) await world.browser().get('/')
    wire.abort()
    await stopped.promise
    expect(json(await alice.get('/me')).data).toEqual({ note: 'begun' })
    expect(world.errors).toEqual([])
  })
})

function names({ events }: World): readonly string[] {
  return events.map(({ name }) => name)
}

function codeOf(error: unknown): unknown {
  return (error as { readonly code?: unknown }).code
}

/** Until the server has heard of it. */
async function leave(world: World, wire: { abort(): void }): Promise<void> {
  wire.abort()
  await settle(world)
}

/** Long enough for anything that was sent before to have arrived, and been dealt with. */
async function settle({ browser }: World): Promise<void> {
  for (let round = 0; round < 3; round++) await browser().get('/')
}
