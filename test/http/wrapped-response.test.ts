/**
 * Middleware that replaces a response's `write` and `end`, as compression and other session libraries do: put on
 * before the sessions, after them, and while the response is being held.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createGzip } from 'node:zlib'
import createApp from 'express'
import { expressSessions } from 'sojourn/express'
import { describe, expect, test } from 'vitest'
import { json } from './harness/browser.ts'
import { alice, answers, routes, textOf } from './harness/native.ts'
import { setCookies } from './harness/set-cookie.ts'
import { header } from './harness/wire.ts'
import { startWorld, type World } from './harness/world.ts'

type Wrapper = (response: ServerResponse) => void
type AnyMethod = (...args: unknown[]) => unknown

function methodsOf(response: ServerResponse): Readonly<Record<'write' | 'end' | 'writeHead', AnyMethod>> {
  return response as unknown as Record<'write' | 'end' | 'writeHead', AnyMethod>
}

/** As `compression` does: the head is decided when it is written, the bytes go through a stream. */
const compressing: Wrapper = (response) => compress(response, () => response.headersSent)

/** As it did until 1.7, asking node's own field. */
const compressingAsBefore: Wrapper = (response) =>
  compress(response, () => Boolean((response as unknown as Record<string, unknown>)['_header']))

function compress(response: ServerResponse, isBegun: () => boolean): void {
  const { write, end, writeHead } = methodsOf(response)
  const gzip = createGzip()
  let isDecided = false
  let isEnded = false
  const decide = (): void => {
    if (isDecided) return
    isDecided = true
    response.setHeader('Content-Encoding', 'gzip')
    response.removeHeader('Content-Length')
    gzip.on('data', (bytes: Buffer) => {
      if (write.call(response, bytes) === false) gzip.pause()
    })
    gzip.on('end', () => end.call(response))
    response.on('drain', () => gzip.resume())
  }
  Object.assign(response, {
    writeHead(...args: unknown[]) {
      decide()
      return writeHead.apply(response, args)
    },
    write(chunk: Uint8Array | string) {
      if (isEnded) return false
      if (!isBegun()) response.writeHead(response.statusCode)
      return gzip.write(chunk)
    },
    end(chunk?: Uint8Array | string) {
      if (isEnded) return response
      if (!isBegun()) response.writeHead(response.statusCode)
      isEnded = true
      gzip.end(chunk)
      return response
    },
  })
}

/** As `express-session` does: the end waits for something else. */
const delaying: Wrapper = (response) => {
  const { end } = methodsOf(response)
  Object.assign(response, {
    end(...args: unknown[]) {
      Object.assign(response, { end })
      setImmediate(() => end.apply(response, args))
      return response
    },
  })
}

/** As `on-headers` does, for response times and the like. */
const announcing: Wrapper = (response) => {
  const { writeHead } = methodsOf(response)
  Object.assign(response, {
    writeHead(...args: unknown[]) {
      response.setHeader('X-Announced', String(response.statusCode))
      return writeHead.apply(response, args)
    },
  })
}

/** As a logger does. */
const counting: Wrapper = (response) => {
  const { write, end } = methodsOf(response)
  const through = (method: AnyMethod): AnyMethod =>
    function (this: unknown, ...args) {
      return method.apply(response, args)
    }
  Object.assign(response, { write: through(write), end: through(end) })
}

const WRAPPERS: Readonly<Record<string, Wrapper>> = {
  compressing,
  'compressing as before': compressingAsBefore,
  delaying,
  announcing,
  counting,
}
const PLACES = [
  'before the sessions',
  'after them',
  'when the response is held already',
  'all three times',
] as const
const TEXT = 'a text of some length, said again and again. '.repeat(2000)

async function serve(wrap: Wrapper, place: (typeof PLACES)[number]): Promise<World> {
  const at = (here: (typeof PLACES)[number]) => place === here || place === 'all three times'
  const wrapping =
    (here: (typeof PLACES)[number]) => (_: IncomingMessage, response: ServerResponse, next: () => void) => {
      if (at(here)) wrap(response)
      next()
    }
  return await startWorld({
    listener(sessions, onError) {
      const attached = expressSessions(sessions, { onError })
      const app = createApp()
      app.get('/me', attached, (request, response) => void response.json(routes.me(attached.of(request))))
      app.post(
        '/login',
        attached,
        async (request, response) => void response.send(await routes.logIn(attached.of(request))),
      )
      app.use(wrapping('before the sessions'), attached, wrapping('after them'))
      app.post('/', (request, response, next) => {
        attached.of(request).set('note', 'changed')
        wrapping('when the response is held already')(request, response, next)
      })
      app.post('/', (request, response) => {
        if (request.query['how'] === 'pieces') {
          response.write(TEXT)
          response.write(TEXT)
          setImmediate(() => response.end())
        } else response.send(TEXT + TEXT)
      })
      return app
    },
  })
}

const rows = Object.entries(WRAPPERS).flatMap(([name, wrap]) =>
  PLACES.filter((place) => place !== 'all three times' || !name.startsWith('compressing')).map((place) => ({
    name,
    wrap,
    place,
  })),
)

describe.each(rows)('$name, $place', ({ name, wrap, place }) => {
  test.each(['whole', 'pieces'])('an answer sent %s arrives so, once, after its commit', async (how) => {
    const world = await serve(wrap, place)
    const client = await alice(world)
    const [first, second] = await answers(client, 'POST', `/?how=${how}`)
    expect(first).toMatchObject({ status: 200, complete: true })
    expect(textOf(first)).toBe(TEXT + TEXT)
    expect(name.startsWith('compressing')).toBe(header(first, 'content-encoding') === 'gzip')
    expect(second).toBeDefined()
    expect(json(await client.get('/me')).data).toEqual({ note: 'changed' })
    expect(world.errors).toEqual([])
  })

  test('no byte leaves before the commit, and a visitor gets the cookie', async () => {
    const world = await serve(wrap, place)
    const visitor = world.browser()
    const gate = world.store.faults.hold({ on: 'commit', at: 'answer' })
    const wire = await visitor.begin('POST', '/')
    await gate.arrived()
    for (let round = 0; round < 3; round++) await world.browser().get('/me')
    expect(wire.waiting).toBe(0)
    gate.release()
    expect(setCookies(visitor.take(await wire.response()))).toHaveLength(1)
    expect(json(await visitor.get('/me')).data).toEqual({ note: 'changed' })
  })

  test('a commit that fails: the problem alone, readable', async () => {
    const world = await serve(wrap, place)
    const client = await alice(world)
    world.store.faults.fail({ on: 'commit', times: Number.POSITIVE_INFINITY })
    world.store.faults.fail({ on: 'list', times: Number.POSITIVE_INFINITY })
    const [first] = await answers(client, 'POST', '/')
    expect(first.status).toBe(503)
    expect(JSON.parse(textOf(first))).toMatchObject({ code: 'temporarily_unavailable' })
  })
})
