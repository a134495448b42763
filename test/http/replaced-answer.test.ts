/** What the handler still says, and what it is told, when a problem has taken its answer's place. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Readable } from 'node:stream'
import type { ServerResponse } from 'node:http'
import type { NodeOptions } from 'sojourn/node'
import { describe, expect, test } from 'vitest'
import { ADAPTERS } from './harness/adapters.ts'
import { json } from './harness/browser.ts'
import { RAW, type RawHandler, startRaw } from './harness/raw.ts'
import { signal } from './harness/signal.ts'
import { headerLines } from './harness/wire.ts'
import { startWorld } from './harness/world.ts'

/** More than a session may hold: the commit is a 413. */
const TOO_MUCH = 'x'.repeat(20_000)

/** Over HTTP/2 no request waits for another one, and the client here sends no headers of its own. */
const HTTP1 = RAW.filter(({ http2 }) => !http2)

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await nextTurn()
}

async function microtasks(count: number): Promise<void> {
  for (let task = 0; task < count; task++) await Promise.resolve()
}

type OnProblem = NonNullable<NodeOptions['onProblem']>
const PAGE = '<p>A page that says why'

/** Ways to write a page. */
const pages: Readonly<Record<string, OnProblem>> = {
  'at once': ({ status }, _, response) => void response.writeHead(status).end(PAGE),
  later: async ({ status }, _, response) => {
    await turns(20)
    if (response.headersSent || response.writableEnded) return
    response.writeHead(status)
    response.write(PAGE.slice(0, 5))
    await turns(2)
    response.end(PAGE.slice(5))
  },
  'bit by bit, with a pipe': async ({ status }, _, response) => {
    await turns(20)
    response.statusCode = status
    response.setHeader('X-Page', '1')
    Readable.from([PAGE.slice(0, 5), PAGE.slice(5)]).pipe(response)
  },
}

describe.each(RAW)('$name: a handler that goes on after its answer was replaced', (server) => {
  test.each([0, 1, 20, 100, 101, 150, 400])(
    'is not heard %i microtasks later, nor harms anybody',
    async (count) => {
      const { client } = await startRaw(server, async ({ request, response, session }) => {
        if (request.url !== '/draft') {
          response.end('alive')
          return
        }
        session.set('note', TOO_MUCH)
        response.write('<html>')
        await microtasks(count)
        response.write('said')
        response.end('said')
      })
      const alice = client()
      const answer = await alice.post('/draft')
      expect(answer).toMatchObject({ status: 413, complete: true })
      expect(json(answer)).toMatchObject({ code: 'data_too_large' })
      expect(headerLines(answer, 'x-late')).toEqual([])
      await turns(3)
      expect(await alice.get('/')).toMatchObject({ status: 200, body: 'alive' })
    },
  )

  test('is told what node tells of an answer that was sent', async () => {
    const seen: unknown[] = []
    const { client } = await startRaw(server, async ({ response, session }) => {
      session.set('note', TOO_MUCH)
      response.write('<html>')
      await turns(3)
      seen.push(response.headersSent, response.setHeader('x-late', '1') === response)
      seen.push(response.end('said') === response, response.writableEnded)
    })
    expect(headerLines(await client().post('/draft'), 'x-late')).toEqual([])
    await turns(6)
    expect(seen).toEqual([true, true, true, true])
  })

  test.each(Object.entries(pages))('is not heard where `onProblem` writes %s', async (_how, onProblem) => {
    const { client, errors } = await startRaw(
      server,
      async ({ response, session }) => {
        session.set('note', TOO_MUCH)
        response.setHeader('X-Handler', '1')
        response.write('Your draft ')
        await turns(4)
        response.setHeader('X-Handler', '2')
        response.end('was saved.')
      },
      { onProblem },
    )
    const answer = await client().post('/')
    expect(answer).toMatchObject({ status: 413, body: PAGE, complete: true })
    expect(headerLines(answer, 'x-handler')).toEqual([])
    expect(errors).toEqual([])
  })

  const waits: readonly [string, (response: ServerResponse) => Promise<unknown>][] = [
    ['a piece', (response) => new Promise((done) => response.write('a', done))],
    ['a piece in an encoding', (response) => new Promise((done) => response.write('61', 'hex', done))],
    ['the end', (response) => new Promise((done) => response.end('a', () => done(new Error('ended'))))],
  ]

  test.each(waits)('learns that %s will not be sent, if it waits for it', async (_what, wait) => {
    const told: unknown[] = []
    const { client } = await startRaw(server, async ({ response, session }) => {
      session.set('note', TOO_MUCH)
      told.push(await wait(response))
      response.end()
    })
    expect((await client().post('/')).status).toBe(413)
    await turns(3)
    expect(told).toEqual([expect.any(Error)])
  })

  test.each(waits)('learns it also of %s that it says afterwards', async (_what, wait) => {
    const told: unknown[] = []
    const { client } = await startRaw(server, async ({ response, session }) => {
      session.set('note', TOO_MUCH)
      response.write('<html>')
      await turns(4)
      told.push(await wait(response))
    })
    expect((await client().post('/')).status).toBe(413)
    await turns(6)
    expect(told).toEqual([expect.any(Error)])
  })

  test('has no trailers behind the problem', async () => {
    const { client } = await startRaw(server, ({ response, session }) => {
      session.set('note', TOO_MUCH)
      response.write('a')
      response.addTrailers({ 'x-trailer': 'said' })
      response.end()
    })
    const answer = await client().post('/')
    expect(answer.status).toBe(413)
    expect(answer.bytes.toString()).not.toContain('x-trailer')
  })
})

describe.each(HTTP1)('$name: behind a slow request of its connection', (server) => {
  test.each(Object.entries({ 'problem JSON': undefined, ...pages }))(
    'a handler that goes on after its answer was replaced is not heard: %s',
    async (_how, onProblem) => {
      const slow = signal()
      const said = signal()
      const world = await startRaw(
        server,
        async ({ request, response, session }) => {
          if (request.url === '/slow') {
            await slow.reached()
            response.end('slow')
            return
          }
          if (request.url !== '/draft') {
            response.end('alive')
            return
          }
          session.set('note', TOO_MUCH)
          response.write('<html>')
          await turns(30)
          response.write('said')
          response.end('said')
          await said.reached()
        },
        onProblem && { onProblem },
      )
      const client = world.browser()
      const wire = await client.begin('GET', '/slow')
      client.send(wire, 'POST', '/draft')
      client.send(wire, 'GET', '/')
      await said.arrived
      slow.go()
      said.go()
      expect(await wire.response()).toMatchObject({ status: 200, body: 'slow' })
      const answer = await wire.response()
      expect(answer).toMatchObject({ status: 413, complete: true })
      expect(answer.body).not.toContain('said')
      expect(await wire.response()).toMatchObject({ status: 200, body: 'alive' })
    },
  )
})

describe.each(ADAPTERS)('$name: an answer in pieces that is replaced', (adapter) => {
  test.each([0, 1, 3])('%i turns apart: the problem alone, and the next answer is its own', async (apart) => {
    const world = await startWorld({
      adapter,
      routes: {
        'POST /draft'({ session }) {
          session.set('note', TOO_MUCH)
          return { body: pieces(apart) }
        },
      },
    })
    const client = world.browser()
    const wire = await client.begin('POST', '/draft')
    const answer = await wire.response()
    expect(answer).toMatchObject({ status: 413, complete: true })
    expect(json(answer)).toMatchObject({ code: 'data_too_large' })
    await turns(3 * apart)
    expect(await client.get('/')).toMatchObject({ status: 200, body: 'welcome' })
    expect(world.errors).toEqual([])
  })
})

async function* pieces(apart: number): AsyncIterable<Uint8Array> {
  for (let piece = 0; piece < 4; piece++) {
    yield Buffer.from('said')
    await turns(apart)
  }
}

const alive: RawHandler = ({ response }) => void response.end('alive')

const broken: OnProblem = () => {
  throw new Error('template missing')
}

/** A framework hears of it itself; `node:http` has nobody else. */
function isTold({ name }: (typeof RAW)[number], errors: readonly unknown[]): void {
  expect(errors.map(String)).toEqual(errors.map(() => 'Error: template missing'))
  expect(errors.length > 0).toBe(name.startsWith('node'))
}

describe.each(RAW)('$name: an `onProblem` that throws', (server) => {
  test('for a check that nobody can make: a 500 at most, and the next is answered', async () => {
    const world = await startRaw(server, alive, { peek: false, onProblem: broken })
    const client = world.client()
    await client.post('/login')
    world.store.faults.fail({ times: Number.POSITIVE_INFINITY })
    const answer = await client.get('/').catch(() => undefined)
    expect([0, 500]).toContain(answer?.status ?? 0)
    world.store.faults.heal()
    isTold(server, world.errors)
    expect(await world.client().get('/')).toMatchObject({ status: 200, body: 'alive' })
  })

  test('in place of an answer: no answer, and the next is one', async () => {
    const world = await startRaw(
      server,
      ({ request, response, session }) => {
        if (request.method === 'POST') session.set('note', TOO_MUCH)
        response.end('alive')
      },
      { onProblem: broken },
    )
    const client = world.client()
    const answer = await client.post('/').catch(() => undefined)
    expect(answer?.body ?? '').toBe('')
    expect(world.errors).toMatchObject([{ message: 'template missing' }])
    expect(await world.client().get('/')).toMatchObject({ status: 200, body: 'alive' })
  })
})

describe.each(HTTP1)('$name: an `onProblem` that throws', (server) => {
  test.each([true, false])(
    'for a write of another site: a 500 at most (checked at once: %s)',
    async (peek) => {
      const world = await startRaw(server, alive, { peek, onProblem: broken })
      const client = world.browser()
      await client.post('/login')
      const crossing = { headers: [['Sec-Fetch-Site', 'cross-site']] } as const
      const answer = await client.post('/', crossing).catch(() => undefined)
      expect([0, 500]).toContain(answer?.status ?? 0)
      isTold(server, world.errors)
      expect(await client.get('/')).toMatchObject({ status: 200, body: 'alive' })
    },
  )
})
