/**
 * What a response says is stored, and what is not stored is not said: the response waits for its commit, reads never
 * write, touches never delay an answer, and a failing store is no sign-out. Over every adapter and store.
 */
import { memoryStore } from 'sojourn/stores/memory'
import { fakeEnvironment } from 'sojourn/testing'
import { describe, expect, test } from 'vitest'
import type { Answer, Handler, Visit } from './harness/adapters.ts'
import { meOf } from './harness/application.ts'
import { type Browser, json } from './harness/browser.ts'
import { signal } from './harness/signal.ts'
import { setCookies } from './harness/set-cookie.ts'
import { codeThrownBy } from './harness/thrown.ts'
import { header, headerLines, type WireResponse } from './harness/wire.ts'
import { MATRIX, newSessions, startWorld, type World } from './harness/world.ts'

/** Fastify names the character set of all that ends in `json`. */
const PROBLEM = /^application\/problem\+json(; charset=utf-8)?$/

function isProblem(response: WireResponse, status: number, code: string): void {
  expect(response.status).toBe(status)
  expect(header(response, 'content-type')).toMatch(PROBLEM)
  expect(header(response, 'cache-control')).toBe('no-store')
  expect(json(response)).toMatchObject({ status, code, type: `urn:sojourn:problem:${code}` })
}

describe.each(MATRIX)('$name', ({ adapter, store }) => {
  const start = (more: Parameters<typeof startWorld>[0] = {}) => startWorld({ adapter, store, ...more })

  async function signedIn({ browser }: { browser: () => Browser }, user = 'alice'): Promise<Browser> {
    const client = browser()
    await client.post(`/login?user=${user}`)
    return client
  }

  test.each(['/login?user=alice', '/set?note=hello', '/count', '/update?note=x'])(
    'no byte of the answer to POST %s leaves before its commit',
    async (target) => {
      const world = await start()
      const visitor = world.browser()
      const gate = world.store.faults.hold({ on: 'commit', at: 'answer' })
      const wire = await visitor.begin('POST', target)
      await gate.arrived()
      await oneRoundTrip(world.browser())
      expect(wire.waiting).toBe(0)
      gate.release()
      const response = visitor.take(await wire.response())
      expect(response.status).toBe(200)
      expect(visitor.jar.size).toBe(1)
    },
  )

  test('no byte of a streamed answer leaves before the commit, and all of them after it', async () => {
    const pieces = ['one', 'two', 'three'].map((text) => Buffer.from(text))
    const world = await start({
      routes: {
        'POST /stream'({ session }) {
          session.set('note', 'streamed')
          return { body: pieces }
        },
      },
    })
    const alice = await signedIn(world)
    const gate = world.store.faults.hold({ on: 'commit', at: 'answer' })
    const wire = await alice.begin('POST', '/stream')
    await gate.arrived()
    await oneRoundTrip(world.browser())
    expect(wire.waiting).toBe(0)
    gate.release()
    expect(alice.take(await wire.response())).toMatchObject({
      status: 200,
      body: 'onetwothree',
      complete: true,
    })
    expect(json(await alice.get('/me'))).toMatchObject({ data: { note: 'streamed' } })
  })

  test('a large answer arrives whole through a slow client, after a commit and without one', async () => {
    const piece = Buffer.alloc(64 * 1024, 'x')
    const many = function* (): Generator<Buffer> {
      for (let index = 0; index < 24; index++) yield piece
    }
    const world = await start({
      routes: {
        'GET /large': ({ session }) => ({ headers: [['x-user', session.subject ?? '']], body: many() }),
        'POST /large'({ session }) {
          session.set('note', 'large')
          return { body: many() }
        },
      },
    })
    const alice = await signedIn(world)
    for (const method of ['GET', 'POST']) {
      const wire = await alice.begin(method, '/large')
      wire.pause()
      await oneRoundTrip(world.browser())
      wire.resume()
      const response = alice.take(await wire.response())
      expect(response.body.length).toBe(24 * piece.length)
      expect(response.complete).toBe(true)
    }
  })

  test('parallel requests that change different keys both win, and all increments count', async () => {
    const world = await start()
    const alice = await signedIn(world)
    const targets = ['/set?note=n', '/set?theme=dark', ...Array.from({ length: 20 }, () => '/count')]
    const answers = await Promise.all(targets.map(async (target) => (await alice.copy().post(target)).status))
    expect(new Set(answers)).toEqual(new Set([200]))
    expect(json(await alice.get('/me'))).toMatchObject({ data: { note: 'n', theme: 'dark', count: 20 } })
  })

  test('a slow writer does not undo what a faster one wrote', async () => {
    const slow = signal()
    const world = await start({
      routes: {
        async 'POST /slow'({ session }) {
          session.set('note', `${session.data.theme ?? 'none'} seen`)
          await slow.reached()
          return { body: 'done' }
        },
      },
    })
    const alice = await signedIn(world)
    const other = alice.copy()
    const wire = await alice.begin('POST', '/slow')
    await slow.arrived
    await other.post('/set?theme=dark')
    slow.go()
    alice.take(await wire.response())
    expect(json(await alice.get('/me'))).toMatchObject({ data: { note: 'none seen', theme: 'dark' } })
  })

  test('reads never write, and ask the store at most once', async () => {
    const world = await start({ peek: false })
    const alice = await signedIn(world)
    const commits = world.store.faults.calls.commit
    for (let round = 0; round < 20; round++) {
      const before = world.storeCalls()
      await alice.get('/me')
      expect(world.storeCalls() - before).toBe(1)
    }
    await world.environment.advance(100)
    expect(world.store.faults.calls.commit).toBe(commits)
  })

  test('a touch is one write for many reads, comes after the answer, and does not delay it', async () => {
    const world = await start()
    const alice = await signedIn(world)
    await world.environment.advance(5 * 60_000)
    const commits = world.store.faults.calls.commit
    const gate = world.store.faults.hold({ on: 'commit' })
    for (let round = 0; round < 5; round++) expect((await alice.get('/me')).status).toBe(200)
    expect(world.store.faults.calls.commit).toBe(commits)
    await world.environment.advance(10)
    await gate.arrived()
    gate.release()
    expect(json(await alice.get('/me'))).toMatchObject({ subject: 'alice' })
    await world.environment.advance(10)
    expect(world.store.faults.calls.commit).toBe(commits + 1)
    await world.environment.advance(58 * 60_000)
    expect(json(await alice.get('/me')), 'the touch counted').toMatchObject({ subject: 'alice' })
  })

  test('reads while a touch is being written cause no second one', async () => {
    const world = await start()
    const alice = await signedIn(world)
    await world.environment.advance(5 * 60_000)
    const commits = world.store.faults.calls.commit
    const gate = world.store.faults.hold({ on: 'commit' })
    await alice.get('/me')
    await world.environment.advance(10)
    await gate.arrived()
    await alice.get('/me')
    await world.environment.advance(10)
    gate.release()
    await world.environment.advance(100)
    expect(world.store.faults.calls.commit - commits).toBe(1)
  })

  test('a touch that fails costs nobody anything', async () => {
    const world = await start()
    const alice = await signedIn(world)
    await world.environment.advance(5 * 60_000)
    world.store.faults.fail({ on: 'commit' })
    expect((await alice.get('/me')).status).toBe(200)
    await world.environment.advance(10)
    expect((await alice.get('/me')).status).toBe(200)
  })

  test('a change to a session that ended meanwhile is refused: 401 instead of the handler’s 200, nothing stored, cookie untouched', async () => {
    const slow = signal()
    const world = await start({
      routes: {
        async 'POST /slow'({ session }) {
          session.set('note', 'too late')
          await slow.reached()
          return { headers: [['x-secret', 'of the handler']], body: 'stored!' }
        },
      },
    })
    const alice = await signedIn(world)
    const wire = await alice.begin('POST', '/slow')
    await slow.arrived
    const other = alice.copy()
    await other.post('/logout')
    slow.go()
    const response = alice.take(await wire.response())
    isProblem(response, 401, 'invalid_session')
    expect(headerLines(response, 'x-secret')).toEqual([])
    expect(headerLines(response, 'set-cookie')).toEqual([])
    expect(json(await alice.get('/me'))).toMatchObject({ subject: null })
    await alice.post('/login?user=alice')
    expect(json(await alice.get('/me')).data).toEqual({})
  })

  test.each<[string, Handler]>([
    ['reads', ({ session }) => ({ body: session.subject ?? '' })],
    ['writes', ({ session }) => (session.set('note', 'x'), { body: 'x' })],
    [
      'updates',
      async ({ session }) => ({ body: (await session.update((data) => ({ ...data, note: 'x' }))).kind }),
    ],
    ['elevates', async ({ session }) => ({ body: (await session.elevate({})).kind })],
    ['regenerates', async ({ session }) => ({ body: (await session.regenerate()).kind })],
  ])('a slow handler that %s does not bring a signed-out session back (V-24)', async (_, handler) => {
    const slow = signal()
    const world = await start({
      routes: {
        async 'POST /slow'(visit) {
          void visit.session.session
          await slow.reached()
          return await handler(visit)
        },
      },
    })
    const alice = await signedIn(world)
    await world.environment.advance(2 * 60_000)
    const wire = await alice.begin('POST', '/slow')
    await slow.arrived
    const witness = alice.copy()
    await alice.copy().post('/logout')
    slow.go()
    alice.take(await wire.response())
    await world.environment.advance(1000)
    expect(json(await witness.get('/me'))).toMatchObject({ subject: null })
    expect(json(await alice.get('/me'))).toMatchObject({ subject: null })
  })

  test('a store that is down is 503 with Retry-After, not a sign-out; afterwards the session works', async () => {
    const world = await start({ peek: false })
    const alice = await signedIn(world)
    world.store.faults.fail({ times: Number.POSITIVE_INFINITY })
    for (const [method, target] of [
      ['GET', '/me'],
      ['GET', '/'],
      ['POST', '/set?note=x'],
      ['POST', '/logout'],
      ['POST', '/login?user=alice'],
    ] as const) {
      const response = await alice.request(method, target)
      isProblem(response, 503, 'temporarily_unavailable')
      expect(header(response, 'retry-after')).toMatch(/^[1-9]\d*$/)
      expect(headerLines(response, 'set-cookie')).toEqual([])
    }
    expect(json(await world.browser().get('/me')), 'visitors need no store').toMatchObject({ subject: null })
    world.store.faults.heal()
    expect(json(await alice.get('/me'))).toMatchObject({ subject: 'alice' })
  })

  test.each(['/set?note=x', '/count', '/update?note=x', '/login?user=bob'])(
    'a commit that fails makes POST %s a 503 and leaves the cookie alone',
    async (target) => {
      const world = await start()
      const alice = await signedIn(world)
      world.store.faults.fail({ on: 'commit', times: Number.POSITIVE_INFINITY })
      world.store.faults.fail({ on: 'list', times: Number.POSITIVE_INFINITY })
      const response = await alice.post(target)
      isProblem(response, 503, 'temporarily_unavailable')
      expect(headerLines(response, 'set-cookie')).toEqual([])
      world.store.faults.heal()
      expect(json(await alice.get('/me'))).toMatchObject({ subject: 'alice', data: {} })
    },
  )

  test('a sign-out that the store does not confirm is a 503, is refused here at once, and is driven on', async () => {
    const world = await start()
    const alice = await signedIn(world)
    const copy = alice.copy()
    world.store.faults.fail({ on: 'commit', times: Number.POSITIVE_INFINITY })
    const answer = alice.post('/logout')
    await passTimeUntil(world, answer)
    isProblem(await answer, 503, 'temporarily_unavailable')
    expect(json(await copy.get('/me'))).toMatchObject({ subject: null })
    world.store.faults.heal()
    await world.environment.advance(60_000)
    expect(world.events.map(({ name }) => name)).toContain('revoke.completed')
    expect(json(await copy.get('/me'))).toMatchObject({ subject: null })
  })

  test('with `unavailable: pass` the handler runs, is told, and never sees a session or the lack of one', async () => {
    const world = await start({
      peek: false,
      serve: { unavailable: 'pass' },
      routes: {
        'GET /verdict': ({ session }) => ({ body: session.verdict.kind }),
        'GET /subject': ({ session }) => ({ body: String(session.subject) }),
      },
    })
    const alice = await signedIn(world)
    world.store.faults.fail({ on: 'read', times: Number.POSITIVE_INFINITY })
    expect((await alice.get('/verdict')).body).toBe('unavailable')
    expect([500, 503], 'reading it as if it were known is an error').toContain(
      (await alice.get('/subject')).status,
    )
  })

  test('a client that leaves while its commit is held harms nobody, and its change is stored', async () => {
    const world = await start()
    const alice = await signedIn(world)
    const gate = world.store.faults.hold({ on: 'commit', at: 'answer' })
    const wire = await alice.begin('POST', '/set?note=left')
    await gate.arrived()
    wire.abort()
    await oneRoundTrip(world.browser())
    gate.release()
    expect(json(await alice.get('/me'))).toMatchObject({ data: { note: 'left' } })
    expect(world.errors).toEqual([])
  })

  test('a client that leaves while its handler runs harms nobody', async () => {
    const slow = signal()
    const world = await start({
      routes: {
        async 'POST /slow'({ session }) {
          session.set('note', 'left')
          await slow.reached()
          return { body: 'nobody hears' }
        },
      },
    })
    const alice = await signedIn(world)
    const wire = await alice.begin('POST', '/slow')
    await slow.arrived
    wire.abort()
    await oneRoundTrip(world.browser())
    slow.go()
    expect((await alice.get('/me')).status).toBe(200)
    expect(world.errors).toEqual([])
  })

  test('an application’s own error is a 500 without details, and is told to the application', async () => {
    const world = await start({
      routes: {
        'GET /throws'({ session }) {
          throw new Error(`the handler failed for ${session.subject}`)
        },
      },
    })
    const alice = await signedIn(world)
    const response = await alice.get('/throws')
    expect(response.status).toBe(500)
    expect(response.bytes.toString()).not.toContain('alice')
    expect(world.errors).toMatchObject([{ message: 'the handler failed for alice' }])
    expect(json(await alice.get('/me'))).toMatchObject({ subject: 'alice' })
  })

  test.each([
    ['DATA_NOT_JSON', 422, 'invalid_data', (): unknown => () => 1],
    ['DATA_TOO_LARGE', 413, 'data_too_large', (): unknown => 'x'.repeat(20_000)],
  ])('data that cannot be stored (%s) is a %i, and nothing is', async (_, status, code, value) => {
    const world = await start({
      routes: {
        'POST /bad'({ session }) {
          session.set('theme', 'dark')
          session.set('note', value() as string)
          return { body: 'stored!' }
        },
      },
    })
    const alice = await signedIn(world)
    const response = await alice.post('/bad')
    isProblem(response, status, code)
    expect(headerLines(response, 'set-cookie')).toEqual([])
  })

  test.each<[string, Handler]>([
    ['a value that cannot be stored, refused and caught', caughtRefusal],
    [
      'what the same request takes back',
      ({ session }) => {
        session.set('note', 'x')
        session.unset('note')
        return {}
      },
    ],
    [
      'an update that leaves nothing',
      async ({ session }) => ({ body: (await session.update(() => ({}))).kind }),
    ],
  ])('%s makes no session: nothing is written, and no cookie is set', async (_, handler) => {
    const world = await start({ routes: { 'POST /nothing': handler } })
    const visitor = world.browser()
    expect((await visitor.post('/nothing')).status).toBe(200)
    expect(world.store.faults.calls.commit).toBe(0)
    expect(visitor.jar.size).toBe(0)
  })

  test('a value that cannot be stored, refused and caught, leaves the request’s other changes as they were', async () => {
    const world = await start({
      routes: {
        'POST /both'(visit) {
          visit.session.set('theme', 'dark')
          return caughtRefusal(visit)
        },
      },
    })
    const visitor = world.browser()
    expect((await visitor.post('/both')).status).toBe(200)
    expect(json(await visitor.get('/me')).data).toEqual({ theme: 'dark' })
  })

  test.each([
    ['on its face', []],
    [
      'whatever its headers say',
      [
        ['X-Forwarded-Proto', 'https'],
        ['Forwarded', 'proto=https;host=shop.example'],
      ],
    ],
  ] as const)(
    'a visitor whose request is insecure %s is refused before anything is stored',
    async (_, headers) => {
      const world = await start()
      const visitor = world.browser()
      const host = 'shop.example'
      for (const target of ['/login?user=alice', '/set?note=x', '/count', '/update?note=x']) {
        const response = await visitor.post(target, { host, headers })
        isProblem(response, 403, 'insecure_request')
        expect(setCookies(response)).toEqual([])
      }
      expect(world.storeCalls()).toBe(0)
      expect(json(await visitor.get('/me', { host }))).toMatchObject({ subject: null })
    },
  )

  test.each(['Forwarded', 'X-Forwarded-For', 'X-Forwarded-Proto', 'Via'])(
    'localhost behind a proxy (%s) is not this machine',
    async (name) => {
      const world = await start()
      const response = await world.browser().post('/login?user=alice', { headers: [[name, 'https']] })
      isProblem(response, 403, 'insecure_request')
      expect(world.storeCalls()).toBe(0)
    },
  )

  test('an error after a change: nothing is stored, and no cookie leaves', async () => {
    const world = await start({
      routes: {
        'POST /bad'({ session }) {
          session.set('theme', 'dark')
          throw new Error('the handler failed')
        },
      },
    })
    const visitor = world.browser()
    const response = await visitor.post('/bad')
    expect(response.status).toBe(500)
    expect(headerLines(response, 'set-cookie')).toEqual([])
    expect(world.store.faults.calls.commit).toBe(0)
  })

  test('an error of the data schema is the application’s own, and is told', async () => {
    const validate = (): never => {
      throw new TypeError('the schema failed')
    }
    const schema = { '~standard': { version: 1, vendor: 'test', validate } } as const
    const world = await start({ options: { data: { schema } } })
    expect((await world.browser().post('/set?note=x')).status).toBe(500)
    expect(world.errors).toMatchObject([{ message: 'the schema failed' }])
    expect(world.store.faults.calls.commit).toBe(0)
  })

  test('over TLS any host is served, with the same cookie', async () => {
    const world = await start({ tls: true })
    const alice = world.browser()
    await alice.post('/login?user=alice', { host: 'shop.example' })
    expect(json(await alice.get('/me', { host: 'shop.example' }))).toMatchObject({ subject: 'alice' })
  })

  test('the application’s own cookies and ours arrive as separate lines', async () => {
    const world = await start({
      routes: {
        async 'POST /both'({ session }) {
          await session.signIn('alice')
          return {
            headers: [
              ['set-cookie', 'theme=dark; Path=/'],
              ['set-cookie', 'lang=de; Path=/'],
              ['cache-control', 'public, max-age=60'],
            ],
            body: JSON.stringify(meOf(session)),
          }
        },
      },
    })
    const response = await world.browser().post('/both')
    expect(
      setCookies(response)
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual(['__Host-Http-sid', 'lang', 'theme'])
    expect(header(response, 'cache-control')).toBe('no-store')
  })

  test('several changes in one request leave one cookie', async () => {
    const world = await start({
      routes: {
        async 'POST /much'({ session }) {
          session.set('cart', ['a'])
          await session.signIn('alice')
          session.set('note', 'x')
          await session.elevate({ aal: 2 })
          await session.regenerate()
          return { body: '{}' }
        },
      },
    })
    const alice = world.browser()
    const response = await alice.post('/much')
    expect(setCookies(response)).toHaveLength(1)
    expect(json(await alice.get('/me'))).toMatchObject({
      subject: 'alice',
      aal: 2,
      data: { cart: ['a'], note: 'x' },
    })
  })

  test('signed in and out in one request: the cookie is removed', async () => {
    const world = await start({
      routes: {
        async 'POST /inout'({ session }) {
          await session.signIn('alice')
          await session.signOut()
          return { body: '{}' }
        },
      },
    })
    const alice = await signedIn(world)
    const before = alice.copy()
    expect(setCookies(await alice.post('/inout'))).toMatchObject([{ value: '' }])
    expect(json(await before.get('/me'))).toMatchObject({ subject: null })
  })
})

test('web: a change while the body is being streamed is an error for whoever makes it, never lost in silence', async () => {
  const environment = fakeEnvironment()
  const sessions = newSessions(memoryStore({ environment }), environment)
  const codes: unknown[] = []
  const answer = await sessions.respond(
    new Request('http://localhost/', { method: 'POST' }),
    async (session) => {
      await session.signIn('alice')
      const body = function* (): Generator<Uint8Array> {
        yield Buffer.from('begun ')
        codes.push(codeThrownBy(() => session.set('note', 'nothing waits for it')))
        yield Buffer.from('done')
      }
      return new Response(ReadableStream.from(body()))
    },
  )
  expect(await answer.text()).toBe('begun done')
  expect(codes).toEqual(['HEADERS_SENT'])
})

/** An application that can live without it. */
function caughtRefusal({ session }: Visit): Answer {
  const unstorable: unknown = () => 1
  return { body: String(codeThrownBy(() => session.set('note', unstorable as string))) }
}

/** Lets the pauses between retries pass. */
async function passTimeUntil({ environment }: World, done: Promise<unknown>): Promise<void> {
  const step = async (): Promise<boolean> => {
    await environment.advance(25)
    return await Promise.race([done.then(() => true), environment.advance(0).then(() => false)])
  }
  while (!(await step()));
}

/** Long enough for anything that was sent before to have arrived. */
async function oneRoundTrip(browser: Browser): Promise<void> {
  for (let round = 0; round < 3; round++) await browser.get('/')
}
