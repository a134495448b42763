/** Everything a handler of `node:http` can do with its response, with and without a change of the session. */
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type NodeOptions, withSessions } from 'sojourn/node'
import { describe, expect, test } from 'vitest'
import type { AppHandle, AppSessions } from './harness/adapters.ts'
import { meOf } from './harness/application.ts'
import { type Browser, json } from './harness/browser.ts'
import { setCookies } from './harness/set-cookie.ts'
import { signal } from './harness/signal.ts'
import { codeThrownBy } from './harness/thrown.ts'
import { header, headerLines, type WireResponse } from './harness/wire.ts'
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
async function serve(
  handler: NodeHandler,
  { peek = true, ...options }: NodeOptions & { readonly peek?: boolean } = {},
): Promise<NodeWorld> {
  const world = await startWorld({
    peek,
    listener: (sessions: AppSessions, onError) =>
      withSessions(sessions, route(handler), { onError, ...options }),
  })
  const alice = world.browser()
  await alice.post('/login')
  return { ...world, alice }
}

/** Not `async` itself, so that a handler that is none throws as one. */
function route(handler: NodeHandler): NodeHandler {
  return (request, response, session) => {
    if (request.url === '/login') return session.signIn('alice').then(() => void response.end())
    if (request.url !== '/me') return handler(request, response, session)
    response.end(JSON.stringify(meOf(session)))
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

  test('two changes, each followed by a write and the second made while the first is sent: both stored, one answer', async () => {
    const { alice, store } = await serve((_, response, session) => {
      session.set('note', 'first')
      response.once('drain', () => {
        session.set('theme', 'second')
        response.write('two ')
        response.end('three')
      })
      expect(response.write('one ')).toBe(false)
    })
    const commits = store.faults.calls.commit
    const wire = await alice.begin('POST', '/')
    const answer = alice.take(await wire.response())
    expect(answer).toMatchObject({ status: 200, body: 'one two three', complete: true })
    expect(json(await alice.get('/me')).data).toEqual({ note: 'first', theme: 'second' })
    expect(store.faults.calls.commit - commits).toBe(2)
    expect(wire.waiting, 'nothing comes after the answer').toBe(0)
  })

  test('a change after an end that has left is an error for whoever makes it', async () => {
    const codes: unknown[] = []
    const { alice, store } = await serve((_, response, session) => {
      response.end('x')
      codes.push(codeThrownBy(() => session.set('note', 'nothing waits for it')))
    })
    const commits = store.faults.calls.commit
    expect(await alice.post('/')).toMatchObject({ status: 200, body: 'x' })
    expect(codes).toEqual(['HEADERS_SENT'])
    expect(store.faults.calls.commit).toBe(commits)
  })

  test('a change after an end that is still held back is stored before it leaves', async () => {
    const codes: unknown[] = []
    const { alice } = await serve((_, response, session) => {
      session.set('note', 'first')
      response.end('x')
      codes.push(codeThrownBy(() => session.set('theme', 'second')))
    })
    expect(await alice.post('/')).toMatchObject({ status: 200, body: 'x' })
    expect(codes).toEqual([undefined])
    expect(json(await alice.get('/me')).data).toEqual({ note: 'first', theme: 'second' })
  })

  test('a sign-in while the commit of a visitor’s first data is under way: one cookie, the one that signs in', async () => {
    const { browser, store, sessions } = await serve(async (_, response, session) => {
      session.set('note', 'x')
      response.write('one ')
      await session.signIn('alice')
      response.end('two')
    })
    const gate = store.faults.hold({ on: 'commit' })
    const visitor = browser()
    const wire = await visitor.begin('POST', '/')
    await gate.arrived()
    await browser().get('/me')
    gate.release()
    const answer = visitor.take(await wire.response())
    expect(answer).toMatchObject({ status: 200, body: 'one two', complete: true })
    expect(setCookies(answer).map(({ name }) => name)).toEqual(['__Host-Http-sid'])
    expect(json(await visitor.get('/me'))).toMatchObject({ subject: 'alice' })
    expect(await sessions.list('alice'), 'the test’s alice and this one').toHaveLength(2)
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
    const { browser, errors, store } = await serve(async (_, response, session) => {
      response.write('begun ')
      await Promise.resolve()
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
    const { alice, errors } = await serve(async (_, response) => {
      response.write('begun ')
      await Promise.resolve()
      throw new Error('late')
    })
    const wire = await alice.begin('POST', '/')
    expect(await wire.response()).toMatchObject({ complete: false })
    expect(errors).toMatchObject([{ message: 'late' }])
  })

  const begunAndFailed: NodeHandler = (_, response, session) => {
    session.set('note', 'x')
    response.setHeader('X-Prepared', 'yes')
    response.write('begun ')
    throw new Error('boom')
  }

  test.each<[string, NodeHandler]>([
    // The write began the commit: whether the error is heard in time to stop it depends on how it is thrown.
    ['a function', begunAndFailed],
    ['an async function', async (...parts) => begunAndFailed(...parts)],
  ])('after a write that is held back, by %s: a complete 500 problem instead', async (_what, handler) => {
    const { alice, errors } = await serve(handler)
    const wire = await alice.begin('POST', '/')
    const answer = alice.take(await wire.response())
    expect(answer).toMatchObject({ status: 500, complete: true })
    expect(json(answer)).toMatchObject({ code: 'internal_error' })
    expect(header(answer, 'x-prepared')).toBeUndefined()
    expect(answer.bytes.toString()).not.toContain('begun')
    expect(errors).toMatchObject([{ message: 'boom' }])
  })

  test('after an end that is held back: told, the answer stands, and what it changed is stored', async () => {
    const { alice, errors } = await serve((_, response, session) => {
      session.set('note', 'answered')
      response.end('answered')
      throw new Error('afterwards')
    })
    expect(await alice.post('/')).toMatchObject({ status: 200, body: 'answered', complete: true })
    expect(errors).toMatchObject([{ message: 'afterwards' }])
    expect(await noteOf(alice)).toBe('answered')
  })

  const badHeads: readonly [
    string,
    OutgoingHttpHeaders | readonly string[] | readonly (readonly string[])[],
  ][] = [
    ['a line break in a value', { 'X-Bad': 'a\r\nSet-Cookie: b=c' }],
    ['one in a list of values', { 'X-Bad': ['a', 'b\0'] }],
    ['one in a flat array', ['X-Good', 'a', 'X-Bad', 'a\nb']],
    ['one in an array of pairs', [['X-Bad', 'a\rb']]],
    ['a blank in a name', { 'X Bad': 'a' }],
  ]

  test.each(badHeads)(
    'a head with %s is an error for its handler, a 500 for the client, and no end of the process',
    async (_what, headers) => {
      const thrown: unknown[] = []
      const { alice, errors } = await serve((_, response, session) => {
        session.set('note', 'x')
        try {
          response.writeHead(200, headers as OutgoingHttpHeaders).end('never said')
        } catch (error) {
          thrown.push(error)
          throw error
        }
      })
      const answer = await alice.post('/')
      expect(answer).toMatchObject({ status: 500, complete: true })
      expect(json(answer)).toMatchObject({ code: 'internal_error' })
      expect(answer.bytes.toString()).not.toMatch(/x-bad|x-good|never said/i)
      expect(thrown).toMatchObject([
        { code: expect.stringMatching(/^ERR_INVALID_(CHAR|HTTP_TOKEN)$/) as unknown },
      ])
      expect(errors).toEqual(thrown)
      expect(json(await alice.get('/me'))).toMatchObject({ subject: 'alice', data: {} })
    },
  )

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

describe('onProblem writes a page where problem JSON would have been', () => {
  const onProblem: NonNullable<NodeOptions['onProblem']> = (problem, request, response) => {
    const type = { 'content-type': 'text/html; charset=utf-8' }
    response
      .writeHead(problem.status, { ...problem.headers, ...type })
      .end(`<p>${request.url}: ${problem.status}`)
  }

  function isPage(answer: WireResponse, status: number): void {
    expect(answer).toMatchObject({ status, body: `<p>/page: ${status}`, complete: true })
    expect(headerLines(answer, 'content-type')).toEqual(['text/html; charset=utf-8'])
    expect(headerLines(answer, 'cache-control')).toEqual(['no-store'])
    expect(headerLines(answer, 'set-cookie'), 'the cookie is left alone').toEqual([])
  }

  test('for a check that the store does not answer: 503 with Retry-After, and no handler runs', async () => {
    const handled: unknown[] = []
    const { alice, store, errors } = await serve(({ url }) => void handled.push(url), {
      onProblem,
      peek: false,
    })
    store.faults.fail({ on: 'read', times: Number.POSITIVE_INFINITY })
    const answer = await alice.get('/page')
    isPage(answer, 503)
    expect(header(answer, 'retry-after')).toMatch(/^[1-9]\d*$/)
    expect(handled).toEqual([])
    expect(errors).toEqual([])
  })

  test('for a commit that the store does not answer: 503 with Retry-After, nothing of the handler’s', async () => {
    const { alice, store } = await serve(saysStored, { onProblem })
    store.faults.fail({ times: Number.POSITIVE_INFINITY })
    const answer = await alice.post('/page')
    isPage(answer, 503)
    expect(header(answer, 'retry-after')).toMatch(/^[1-9]\d*$/)
    expect(header(answer, 'x-prepared')).toBeUndefined()
  })

  test('for a commit that is refused because the session ended: 401, nothing of the handler’s', async () => {
    const handling = signal()
    const { alice, sessions } = await serve(
      async (request, response, session) => {
        void session.subject
        await handling.reached()
        await saysStored(request, response, session)
      },
      { onProblem },
    )
    const wire = await alice.begin('POST', '/page')
    await handling.arrived
    await sessions.revokeAll('alice')
    handling.go()
    const answer = alice.take(await wire.response())
    isPage(answer, 401)
    expect(header(answer, 'retry-after')).toBeUndefined()
    expect(header(answer, 'x-prepared')).toBeUndefined()
  })

  test('for what a handler threw', async () => {
    const { alice, errors } = await serve(
      () => {
        throw new Error('the handler failed')
      },
      { onProblem },
    )
    isPage(await alice.get('/page'), 500)
    expect(errors).toMatchObject([{ message: 'the handler failed' }])
  })

  test.each(['a commit', 'a check'])(
    'one that rejects, for %s that the store does not answer, is told and cuts the connection off',
    async (what) => {
      const failure = new Error('the page could not be written')
      const { alice, store, errors } = await serve(saysStored, { onProblem: () => Promise.reject(failure) })
      store.faults.fail({ times: Number.POSITIVE_INFINITY, ...(what === 'a commit' ? { on: 'commit' } : {}) })
      await expect(alice.post('/page')).rejects.toThrow('ended without a response')
      expect(errors).toEqual([failure])
    },
  )

  const saysStored: NodeHandler = (_, response, session) => {
    response.setHeader('X-Prepared', 'yes')
    session.set('note', 'x')
    response.end('stored!')
  }
})

test('every handler without a change gets its response as it was, but for a stand-in for `end`', async () => {
  const own: boolean[] = []
  const { alice } = await serve((_, response, session) => {
    void session.subject
    own.push(
      ['write', 'writeHead', 'flushHeaders', 'setHeader'].some((name) => Object.hasOwn(response, name)),
    )
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
