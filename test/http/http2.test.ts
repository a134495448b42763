/** The same over HTTP/2, in the clear and with TLS, wherever the server speaks it; and without a word of warning. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Adapter, HTTP2_ADAPTERS } from './harness/adapters.ts'
import { json } from './harness/browser.ts'
import { createHttp2Browser, type Http2Browser } from './harness/http2.ts'
import { setCookies } from './harness/set-cookie.ts'
import { signal } from './harness/signal.ts'
import { codeThrownBy } from './harness/thrown.ts'
import { header, headerLines } from './harness/wire.ts'
import { startWorld, type World, type WorldOptions } from './harness/world.ts'

const warnings: unknown[] = []
const warned = (warning: unknown): void => void warnings.push(warning)
beforeEach(() => void process.on('warning', warned))
afterEach(async () => {
  // A warning is told on the next tick.
  await new Promise((resolve) => setImmediate(resolve))
  process.off('warning', warned)
  const all = warnings.splice(0)
  if (all.length > 0) throw new AggregateError(all, 'The process was warned.')
})

const SERVERS: readonly { readonly name: string; readonly adapter: Adapter; readonly tls: boolean }[] =
  HTTP2_ADAPTERS.flatMap((adapter) =>
    [false, true].map((tls) => ({
      name: `${adapter.name} ${tls ? 'with TLS' : 'in the clear'}`,
      adapter,
      tls,
    })),
  )

describe.each(SERVERS)('$name', ({ adapter, tls }) => {
  async function start(
    options: WorldOptions = {},
  ): Promise<World & { readonly http2: (jar?: ReadonlyMap<string, string>) => Http2Browser }> {
    const world = await startWorld({ adapter, tls, http2: true, ...options })
    return {
      ...world,
      http2: (jar) => createHttp2Browser({ port: world.port, tls, ...(jar && { jar }) }),
    }
  }

  async function signedIn({ http2 }: Awaited<ReturnType<typeof start>>): Promise<Http2Browser> {
    const alice = http2()
    await alice.post('/login?user=alice')
    return alice
  }

  test('sign in, change, elevate, sign out', async () => {
    const world = await start()
    const alice = await signedIn(world)
    const old = alice.copy()
    expect((await alice.post('/set?note=hello')).status).toBe(200)
    expect(json(await alice.post('/elevate'))).toEqual({ kind: 'changed' })
    expect(json(await alice.get('/me'))).toMatchObject({ subject: 'alice', aal: 2, data: { note: 'hello' } })
    expect(json(await old.get('/me'))).toMatchObject({ subject: null })
    expect(setCookies(await alice.post('/logout'))).toMatchObject([{ value: '' }])
    expect(alice.jar.size).toBe(0)
  })

  test('among many cookies, each on a line of its own (B11)', async () => {
    const world = await start()
    const { jar } = await signedIn(world)
    const crowd = new Map([['first', '1'], ...jar, ['theme', 'dark'], ['last', '']])
    expect(json(await world.http2(crowd).get('/me'))).toMatchObject({ subject: 'alice' })
    expect(world.events.filter(({ name }) => name === 'token.rejected')).toEqual([])
  })

  test('nothing of the answer leaves before its commit', async () => {
    const world = await start()
    const alice = await signedIn(world)
    const gate = world.store.faults.hold({ on: 'commit', at: 'answer' })
    const exchange = alice.begin('POST', '/set?note=x')
    await gate.arrived()
    for (let round = 0; round < 3; round++) await alice.get('/')
    expect(exchange.begun).toBe(false)
    gate.release()
    expect(await exchange.response()).toMatchObject({ status: 200, complete: true })
    expect(json(await alice.get('/me')).data).toEqual({ note: 'x' })
  })

  test('a large answer in pieces arrives whole, after a commit and without one', async () => {
    const piece = Buffer.alloc(64 * 1024, 'x')
    const world = await start({
      routes: {
        'GET /large': () => ({ body: Array.from({ length: 24 }, () => piece) }),
        'POST /large'({ session }) {
          session.set('note', 'large')
          return { body: Array.from({ length: 24 }, () => piece) }
        },
      },
    })
    const alice = await signedIn(world)
    for (const method of ['GET', 'POST']) {
      const exchange = alice.begin(method, '/large')
      exchange.pause()
      for (let round = 0; round < 3; round++) await alice.get('/')
      exchange.resume()
      const answer = await exchange.response()
      expect(answer).toMatchObject({ status: 200, complete: true })
      expect(answer.body.length).toBe(24 * piece.length)
    }
    expect(json(await alice.get('/me')).data).toEqual({ note: 'large' })
  })

  test('a handler that throws: 500, nothing kept, and the cookie of its sign-in', async () => {
    const world = await start({
      routes: {
        async 'POST /throws'({ session }) {
          await session.signIn('bob')
          session.set('note', 'never kept')
          throw new Error('the handler failed')
        },
      },
    })
    const alice = await signedIn(world)
    const answer = await alice.post('/throws')
    expect(answer.status).toBe(500)
    expect(headerLines(answer, 'set-cookie')).toHaveLength(1)
    expect(json(await alice.get('/me'))).toMatchObject({ subject: 'bob', data: {} })
    expect(world.errors).toMatchObject([{ message: 'the handler failed' }])
  })

  test('an outage: 503 with Retry-After, and the cookie stays', async () => {
    const world = await start({ peek: false })
    const alice = await signedIn(world)
    world.store.faults.fail({ times: Number.POSITIVE_INFINITY })
    const answer = await alice.post('/set?note=x')
    expect(answer.status).toBe(503)
    expect(header(answer, 'retry-after')).toBe('1')
    expect(headerLines(answer, 'set-cookie')).toEqual([])
  })

  test.each(['the stream', 'the connection'])(
    'a client that cuts %s off while its answer is held harms nobody, and its change is stored',
    async (what) => {
      const slow = signal()
      const late = signal()
      const codes: unknown[] = []
      const world = await start({
        options: { regenerate: { every: '1m' } },
        routes: {
          async 'POST /slow'({ session }) {
            session.set('note', 'left')
            await slow.reached()
            void late.reached().then(() => codes.push(codeThrownBy(() => session.set('theme', 'late'))))
            return { body: 'nobody hears' }
          },
        },
      })
      const alice = await signedIn(world)
      const witness = alice.copy()
      await world.environment.advance(2 * 60_000)
      const gate = world.store.faults.hold({ on: 'commit', times: 1 })
      const exchange = alice.begin('POST', '/slow')
      await slow.arrived
      slow.go()
      await gate.arrived()
      if (what === 'the stream') exchange.abort()
      else alice.leave()
      for (let round = 0; round < 3; round++) await world.http2().get('/')
      late.go()
      for (let round = 0; round < 3; round++) await world.http2().get('/')
      expect(codes, 'nobody waits for it').toEqual(['HEADERS_SENT'])
      gate.release()
      for (let round = 0; round < 3; round++) await world.http2().get('/')
      expect(world.events.map(({ name }) => name)).not.toContain('session.regenerated')
      expect(json(await witness.get('/me'))).toMatchObject({ subject: 'alice', data: { note: 'left' } })
      expect(world.errors).toEqual([])
    },
  )
})

test.each(HTTP2_ADAPTERS)('$name answers HTTP/1.1 at the same port', async (adapter) => {
  const { browser } = await startWorld({ adapter, tls: true, http2: true })
  const alice = browser()
  await alice.post('/login?user=alice')
  expect(json(await alice.get('/me'))).toMatchObject({ subject: 'alice' })
})
