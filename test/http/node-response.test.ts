/** Everything a handler of `node:http` can do with its response, with and without a change of the session. */
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { withSessions } from 'sojourn/node'
import { describe, expect, test } from 'vitest'
import type { AppHandle, AppSessions } from './harness/adapters.ts'
import { meOf } from './harness/application.ts'
import { type Browser, json } from './harness/browser.ts'
import { setCookies } from './harness/set-cookie.ts'
import { header, headerLines } from './harness/wire.ts'
import { startWorld, type World } from './harness/world.ts'

type NodeHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  session: AppHandle,
) => void | Promise<void>

interface NodeWorld extends World {
  readonly alice: Browser
}

/** A server with one handler of its own, `/login` and `/me` besides, and alice signed in. */
async function serve(handler: NodeHandler, options: { readonly default?: boolean } = {}): Promise<NodeWorld> {
  const world = await startWorld({
    listener: (sessions: AppSessions, onError) =>
      withSessions(sessions, route(handler), options.default === true ? {} : { onError }),
  })
  const alice = world.browser()
  await alice.post('/login')
  return { ...world, alice }
}

function route(handler: NodeHandler): NodeHandler {
  return async (request, response, session) => {
    if (request.url === '/login') {
      await session.signIn('alice')
      response.end()
    } else if (request.url === '/me') response.end(JSON.stringify(meOf(session)))
    else await handler(request, response, session)
  }
}

const noteOf = async (client: Browser): Promise<unknown> => json(await client.get('/me')).data['note']

describe('writeHead in every form node knows, with a cookie of its own', () => {
  const forms: readonly [string, OutgoingHttpHeaders | readonly string[] | readonly (readonly string[])[]][] =
    [
      [
        'an object',
        { 'Content-Type': 'text/plain', 'Set-Cookie': ['a=1', 'b=2'], 'Cache-Control': 'public' },
      ],
      [
        'an object with one cookie',
        { 'content-type': 'text/plain', 'set-cookie': 'a=1', 'cache-control': 'public' },
      ],
      [
        'a flat array',
        ['Content-Type', 'text/plain', 'Set-Cookie', 'a=1', 'Set-Cookie', 'b=2', 'Cache-Control', 'public'],
      ],
      [
        'an array of pairs',
        [
          ['Content-Type', 'text/plain'],
          ['Set-Cookie', 'a=1'],
          ['Cache-Control', 'public'],
        ],
      ],
    ]

  test.each(forms)('%s', async (_form, headers) => {
    const { browser } = await serve(async (_, response, session) => {
      await session.signIn('bob')
      response.setHeader('X-Before', 'kept')
      response.writeHead(202, headers as OutgoingHttpHeaders).end('body')
    })
    const bob = browser()
    const answer = await bob.post('/')
    expect(answer).toMatchObject({ status: 202, body: 'body' })
    expect(header(answer, 'content-type')).toBe('text/plain')
    expect(header(answer, 'x-before')).toBe('kept')
    expect(headerLines(answer, 'cache-control')).toEqual(['no-store'])
    const names = setCookies(answer).map(({ name }) => name)
    expect(names).toContain('a')
    expect(names.includes('b')).toBe(JSON.stringify(headers).includes('b=2'))
    expect(
      json(await browser(new Map([...bob.jar].filter(([name]) => name.startsWith('__')))).get('/me')),
    ).toMatchObject({
      subject: 'bob',
    })
  })

  test('with a status message, and without headers', async () => {
    const { browser } = await serve(async (request, response, session) => {
      await session.signIn('bob')
      if (request.url === '/message') response.writeHead(201, 'Made', { 'X-One': '1' }).end()
      else response.writeHead(204).end()
    })
    const made = await browser().post('/message')
    expect(made.bytes.toString()).toContain('HTTP/1.1 201 Made\r\n')
    expect(header(made, 'x-one')).toBe('1')
    expect((await browser().post('/none')).status).toBe(204)
  })

  test('cookies set before with setHeader or appendHeader stay', async () => {
    const { browser } = await serve(async (_, response, session) => {
      response.appendHeader('Set-Cookie', 'early=1')
      await session.signIn('bob')
      response.appendHeader('Set-Cookie', 'late=1')
      response.end()
    })
    const names = setCookies(await browser().post('/')).map(({ name }) => name)
    expect(names.toSorted()).toEqual(['__Host-Http-sid', 'early', 'late'])
  })
})

describe('bodies', () => {
  test('pieces, encodings and callbacks arrive in order', async () => {
    const called: string[] = []
    const { alice } = await serve((_, response, session) => {
      session.set('note', 'x')
      response.write('grü', 'utf8', () => called.push('write'))
      response.write(Buffer.from('ße'))
      response.write('21', 'hex')
      response.end('.', () => called.push('end'))
    })
    expect(await alice.post('/')).toMatchObject({ status: 200, body: 'grüße!.', complete: true })
    expect(called).toEqual(['write', 'end'])
  })

  test('a pipe is held, drained and finished', async () => {
    const piece = Buffer.alloc(16 * 1024, 'y')
    const finished: unknown[] = []
    const { alice } = await serve(async (_, response, session) => {
      session.set('note', 'piped')
      finished.push(await pipeline(Readable.from(Array.from({ length: 200 }, () => piece)), response))
    })
    const wire = await alice.begin('POST', '/')
    wire.pause()
    await alice.get('/me')
    wire.resume()
    const answer = alice.take(await wire.response())
    expect(answer.body.length).toBe(200 * piece.length)
    expect(finished).toHaveLength(1)
    expect(await noteOf(alice)).toBe('piped')
  })

  test('flushHeaders first, then a change: the commit is made before the end, and no byte of the end leaves before it', async () => {
    const { alice, store } = await serve((_, response, session) => {
      response.flushHeaders()
      response.write('begun ')
      session.set('note', 'after the head')
      response.end('done')
    })
    const gate = store.faults.hold({ on: 'commit', at: 'answer' })
    const wire = await alice.begin('POST', '/')
    await gate.arrived()
    await alice.get('/me')
    const before = wire.waiting
    await alice.get('/me')
    expect(wire.waiting).toBe(before)
    gate.release()
    const answer = alice.take(await wire.response())
    expect(answer.bytes.length).toBeGreaterThan(before)
    expect(answer).toMatchObject({
      status: 200,
      body: 'begun done',
      complete: true,
    })
    expect(await noteOf(alice)).toBe('after the head')
  })

  test('changes between the first write and the end are all stored, and the answer ends', async () => {
    const { alice } = await serve(async (_, response, session) => {
      session.set('note', 'first')
      response.write('one ')
      session.set('theme', 'second')
      await new Promise((resolve) => setImmediate(resolve))
      session.set('count', 3)
      response.end('two')
    })
    expect((await alice.post('/')).body).toBe('one two')
    expect(json(await alice.get('/me')).data).toEqual({ note: 'first', theme: 'second', count: 3 })
  })

  test('a change between the first write and the end, and none after it, is stored', async () => {
    const { alice } = await serve((_, response, session) => {
      session.set('note', 'first')
      response.write('one ')
      session.set('theme', 'second')
      response.end('two')
    })
    expect((await alice.post('/')).body).toBe('one two')
    expect(json(await alice.get('/me')).data).toEqual({ note: 'first', theme: 'second' })
  })

  test('a Vary of its own and ours both arrive', async () => {
    const { browser } = await serve(async (_, response, session) => {
      await session.signIn('bob')
      response.writeHead(200, { Vary: 'Accept' }).end()
    })
    const answer = await browser().post('/')
    expect(header(answer, 'vary')?.split(', ').toSorted()).toEqual(['Accept', 'Cookie'])
  })

  test('a change after the head that is refused cuts the response off instead of completing it', async () => {
    const { alice, sessions } = await serve(async (_, response, session) => {
      response.write('begun ')
      await sessions.revokeAll('alice')
      session.set('note', 'too late')
      response.end('done')
    })
    const wire = await alice.begin('POST', '/')
    const answer = alice.take(await wire.response())
    expect(answer).toMatchObject({ status: 200, complete: false })
    expect(answer.body).not.toContain('done')
  })

  test('a visitor’s first data after the head is an error, not a lost cookie', async () => {
    const { browser, errors, store } = await serve((_, response, session) => {
      response.write('begun ')
      session.set('note', 'nobody could come back to it')
      response.end('done')
    })
    const commits = store.faults.calls.commit
    const wire = await browser().begin('POST', '/')
    expect((await wire.response()).complete).toBe(false)
    expect(errors).toMatchObject([{ code: 'HEADERS_SENT' }])
    expect(store.faults.calls.commit).toBe(commits)
  })

  test('a sign-in after the head is an error before anything is stored', async () => {
    const { browser, errors, store } = await serve(async (_, response, session) => {
      response.write('begun ')
      await session.signIn('bob')
    })
    const calls = { ...store.faults.calls }
    const wire = await browser().begin('POST', '/')
    expect((await wire.response()).complete).toBe(false)
    expect(errors).toMatchObject([{ code: 'HEADERS_SENT' }])
    expect(store.faults.calls).toEqual(calls)
  })
})

describe('errors', () => {
  test('before the head: a 500 problem and nothing of what was prepared', async () => {
    const { alice, errors } = await serve((_, response) => {
      response.setHeader('X-Prepared', 'yes')
      response.setHeader('Content-Length', '1000')
      throw new Error('early')
    })
    const answer = await alice.post('/')
    expect(answer.status).toBe(500)
    expect(json(answer)).toMatchObject({ code: 'internal_error' })
    expect(header(answer, 'x-prepared')).toBeUndefined()
    expect(answer.bytes.toString()).not.toContain('early')
    expect(errors).toMatchObject([{ message: 'early' }])
  })

  test('after the head: the response is cut off', async () => {
    const { alice, errors } = await serve((_, response) => {
      response.write('begun ')
      throw new Error('late')
    })
    const wire = await alice.begin('POST', '/')
    expect(await wire.response()).toMatchObject({ complete: false })
    expect(errors).toMatchObject([{ message: 'late' }])
  })

  test('after the answer: told, and the answer stands', async () => {
    const { alice, errors } = await serve(async (_, response) => {
      response.end('answered')
      await Promise.resolve()
      throw new Error('afterwards')
    })
    const wire = await alice.begin('POST', '/')
    expect(await wire.response()).toMatchObject({ body: 'answered' })
    expect(errors).toMatchObject([{ message: 'afterwards' }])
  })
})

test('every handler without a change gets its response untouched', async () => {
  const own: boolean[] = []
  const { alice } = await serve((_, response, session) => {
    void session.subject
    own.push(['write', 'end', 'writeHead', 'flushHeaders'].some((name) => Object.hasOwn(response, name)))
    response.end()
  })
  await alice.get('/')
  expect(own).toEqual([false])
})

test('requests on one connection, one after another and pipelined, keep their own sessions', async () => {
  const {
    alice,
    browser,
    wire: open,
  } = await serve((_, response, session) => {
    response.end(session.subject ?? 'nobody')
  })
  const wire = await open()
  const bob = browser()
  const lines = [alice, bob].map(({ jar }) =>
    [...jar].map(([name, value]) => `Cookie: ${name}=${value}\r\n`).join(''),
  )
  const requests = Array.from(
    { length: 20 },
    (_, index) => `GET / HTTP/1.1\r\nHost: localhost\r\n${lines[index % 2]}\r\n`,
  )
  wire.write(requests.join(''))
  const bodies = []
  for (const _ of requests) bodies.push((await wire.response()).body)
  expect(bodies).toEqual(requests.map((_, index) => (index % 2 === 0 ? 'alice' : 'nobody')))
})

test('1,000 parallel requests of 100 users: everybody sees their own session (V-29)', async () => {
  const { browser, sessions } = await serve((_, response, session) => {
    session.increment('count')
    response.end(`${session.subject}`)
  })
  const users = Array.from({ length: 100 }, (_, index) => `user-${index}`)
  const clients = await Promise.all(
    users.map(async (user) => {
      const result = await sessions.signIn(user, { transport: '__Host-Http-sid' })
      if (result.kind !== 'signed-in') throw new Error(result.reason)
      return { user, client: browser(new Map([['__Host-Http-sid', result.token]])) }
    }),
  )
  const wrong = await Promise.all(
    Array.from({ length: 1000 }, async (_, index) => {
      const { user, client } = clients[index % clients.length] as (typeof clients)[number]
      return (await client.post('/')).body === user ? 0 : 1
    }),
  )
  expect(wrong.reduce((sum: number, each) => sum + each, 0)).toBe(0)
  const { data } = json(await (clients[7] as (typeof clients)[number]).client.get('/me'))
  expect(data.count).toBe(10)
})
