/** Websockets: who is let in, and that a connection hears of its session's end wherever it was ended. */
import { connect as connectTo } from 'node:net'
import { sqliteStore } from 'sojourn/stores/sqlite'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { AppSessions } from './harness/adapters.ts'
import { type Browser, json, jsonList } from './harness/browser.ts'
import { ENDED, type LiveOptions, type LiveWorld, startLive } from './harness/live.ts'
import { STORES } from './harness/stores.ts'
import { codeThrownBy } from './harness/thrown.ts'
import { header, type WireResponse } from './harness/wire.ts'
import { newSessions } from './harness/world.ts'

const FOREVER = { times: Number.POSITIVE_INFINITY }
/** Within which a revocation is seen everywhere. */
const BOUND_MS = 5000
const HANDSHAKE = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
]

interface Signed extends LiveWorld {
  readonly alice: Browser
}

async function start(options: LiveOptions = {}): Promise<Signed> {
  const world = await startLive(options)
  const alice = world.browser()
  await alice.post('/login?user=alice')
  return { ...world, alice }
}

/** Long enough for whatever was sent to have arrived. */
async function settle({ browser }: LiveWorld): Promise<void> {
  for (let round = 0; round < 3; round++) await browser().get('/')
}

describe('a handshake', () => {
  test('of a user is let in, with the handle of the session', async () => {
    const { connect, alice, handles } = await start()
    expect(await connect(alice).opened).toBe('alice')
    expect(handles.map(({ subject }) => subject)).toEqual(['alice'])
  })

  test('of a visitor is 401, and let in where visitors are', async () => {
    const { connect, browser, handles } = await start()
    expect(await connect(browser()).opened).toBe('401')
    expect(handles).toEqual([])
    const open = await start({ upgrade: { anonymous: true } })
    expect(await open.connect(open.browser()).opened).toBe('nobody')
  })

  test.each([
    ['another site', { origin: 'https://evil.example' }],
    ['a sandboxed frame', { origin: 'null' }],
    ['a sibling', { 'sec-fetch-site': 'same-site', origin: 'http://127.0.0.1' }],
    ['another port', { origin: 'http://127.0.0.1:1' }],
  ])(
    'of a page of %s is 403, with the cookie and without, also where visitors are let in',
    async (_, headers) => {
      const world = await start({ upgrade: { anonymous: true } })
      const calls = world.storeCalls()
      expect(await world.connect(world.alice, headers).opened).toBe('403')
      expect(await world.connect(world.browser(), headers).opened).toBe('403')
      expect(world.handles).toEqual([])
      expect(world.storeCalls()).toBe(calls)
      expect(world.events.filter(({ name }) => name === 'csrf.rejected')).toHaveLength(2)
    },
  )

  test('of its own page is let in, and so is a trusted one', async () => {
    const world = await start({ options: { csrf: { trustedOrigins: ['https://app.shop.example'] } } })
    expect(await world.connect(world.alice, { origin: `http://127.0.0.1:${world.port}` }).opened).toBe(
      'alice',
    )
    expect(await world.connect(world.alice, { origin: 'https://app.shop.example' }).opened).toBe('alice')
  })

  test('that nobody can check is 503, and no sign-out', async () => {
    const world = await start({ peek: false })
    world.store.faults.fail(FOREVER)
    expect(await world.connect(world.alice).opened).toBe('503')
    world.store.faults.heal()
    expect(await world.connect(world.alice).opened).toBe('alice')
  })

  test('brings no new secret, which it could not carry, and ends none', async () => {
    const world = await start({ options: { regenerate: { every: '1m' } } })
    await world.environment.advance(2 * 60_000)
    expect(await world.connect(world.alice).opened).toBe('alice')
    await world.environment.advance(60_000)
    expect(world.events.map(({ name }) => name)).not.toContain('session.regenerated')
    expect(json(await world.alice.get('/me'))).toMatchObject({ subject: 'alice' })
  })

  test('has a handle that changes data with `update` alone', async () => {
    const world = await start()
    await world.connect(world.alice).opened
    const [handle] = world.handles
    expect(codeThrownBy(() => handle?.set('note', 'nobody waits'))).toBe('HEADERS_SENT')
    await expect(handle?.signIn('bob')).rejects.toMatchObject({ code: 'HEADERS_SENT' })
    await expect(handle?.elevate()).rejects.toMatchObject({ code: 'HEADERS_SENT' })
    expect(await handle?.update((data) => ({ ...data, note: 'at once' }))).toMatchObject({ kind: 'changed' })
    expect(json(await world.alice.get('/me')).data).toEqual({ note: 'at once' })
  })
})

describe('a handshake that is refused', () => {
  async function handshake(world: LiveWorld, ...lines: readonly string[]): Promise<WireResponse> {
    const wire = await world.wire()
    wire.write(['GET / HTTP/1.1', 'Host: localhost', ...HANDSHAKE, ...lines, '', ''].join('\r\n'))
    return await wire.response()
  }

  test.each([
    ['401', [], 'invalid_session'],
    ['403', ['Origin: https://evil.example'], 'cross_site_request'],
  ])('gets a whole answer: %s', async (status, lines, code) => {
    const answer = await handshake(await start(), ...lines)
    expect(answer).toMatchObject({ status: Number(status), complete: true })
    expect(json(answer)).toMatchObject({ code })
    expect(header(answer, 'content-type')).toBe('application/problem+json')
    expect(header(answer, 'cache-control')).toBe('no-store')
    expect(header(answer, 'connection')).toBe('close')
  })

  test('leaves no connection behind, although the client does not close its side', async () => {
    const world = await start()
    const client = connectTo({ port: world.port, host: '127.0.0.1', allowHalfOpen: true })
    onTestFinished(() => void client.destroy())
    client.write(['GET / HTTP/1.1', 'Host: localhost', ...HANDSHAKE, '', ''].join('\r\n'))
    await new Promise((resolve) => client.resume().once('end', resolve))
    await settle(world)
    expect(world.sockets.map(({ destroyed }) => destroyed)).toEqual([true])
  })
})

describe('a client that is gone before its handshake was checked', () => {
  test('ends nothing but its own connection', async () => {
    const world = await start({ peek: false })
    const gate = world.store.faults.hold({ on: 'read', times: 1 })
    const wire = await world.wire()
    const cookie = `Cookie: __Host-Http-sid=${world.alice.token}`
    wire.write(['GET / HTTP/1.1', 'Host: localhost', ...HANDSHAKE, cookie, '', ''].join('\r\n'))
    await gate.arrived()
    expect(world.sockets[0]?.listenerCount('error'), 'somebody hears of a reset').toBeGreaterThan(0)
    wire.abort()
    await settle(world)
    gate.release()
    await settle(world)
    expect(world.handles, 'there is nobody to hand on').toEqual([])
    expect(await world.connect(world.alice).opened).toBe('alice')
    expect(world.sockets[1]?.listenerCount('error'), 'the application’s own, and nobody else').toBe(1)
  })
})

describe('is told at once when its session is ended in this process', () => {
  type End = (world: Signed, id: string) => Promise<unknown>
  const ways: readonly [how: string, end: End, reason: string][] = [
    ['signed out in another tab', async ({ alice }) => await alice.copy().post('/logout'), 'signed-out'],
    [
      'revoked from another device',
      async (world, id) => await (await device(world)).post(`/devices/revoke?id=${id}`),
      'revoked',
    ],
    [
      'one of the others that another device ended',
      async (world) => await (await device(world)).post('/devices/others'),
      'revoked-others',
    ],
    [
      'one of all that another device ended',
      async (world) => await (await device(world)).post('/devices/all'),
      'revoked',
    ],
    ['evicted by one device too many', async (world) => await fill(world), 'evicted'],
    [
      'replaced by another sign-in of the same browser',
      async ({ alice }) => await alice.copy().post('/login?user=alice'),
      'claimed',
    ],
    ['revoked by an administrator', async ({ sessions }, id) => await sessions.revoke(id), 'revoked'],
    [
      'one of all that an administrator ended',
      async ({ sessions }) => await sessions.revokeAll('alice'),
      'revoked',
    ],
    [
      'ended by a changed password',
      async ({ sessions }) => await sessions.credentialChanged('alice'),
      'revoked',
    ],
    ['of an erased account', async ({ sessions }) => await sessions.eraseSubject('alice'), 'erased'],
    ['ended with everybody’s', async ({ sessions }) => await sessions.revokeEverything(), 'revoked'],
  ]

  test.each(ways)('%s', async (_, end, reason) => {
    const world = await start({ options: { devices: { limit: 3 } } })
    const { id } = json(await world.alice.get('/me'))
    const connection = world.connect(world.alice)
    await connection.opened
    await end(world, id ?? '')
    expect(await connection.closed).toEqual({ code: ENDED, reason })
  })

  async function device({ browser }: Signed): Promise<Browser> {
    const other = browser()
    await other.post('/login?user=alice')
    return other
  }

  async function fill(world: Signed): Promise<void> {
    for (let more = 0; more < 3; more++) {
      await world.environment.advance(1000)
      await device(world)
    }
  }
})

describe('is told within the bound', () => {
  test.each([
    ['idle', 60 * 60_000, 'idle-timeout'],
    ['absolute', 24 * 60 * 60_000, 'absolute-timeout'],
  ])('when its %s timeout is over', async (which, after, reason) => {
    const world = await start(which === 'idle' ? {} : { options: { lifetime: { idle: '24h' } } })
    const connection = world.connect(world.alice)
    await connection.opened
    await world.environment.advance(after - 1)
    expect(connection.isOpen).toBe(true)
    await world.environment.advance(BOUND_MS)
    expect(await connection.closed).toEqual({ code: ENDED, reason })
  })

  test.each<[string, (other: AppSessions, id: string) => Promise<unknown>]>([
    ['revoked its session', async (other, id) => await other.revoke(id)],
    ['revoked all of the user’s', async (other) => await other.revokeAll('alice')],
    ['revoked everybody’s', async (other) => await other.revokeEverything()],
    ['erased the account', async (other) => await other.eraseSubject('alice')],
  ])('when another process %s', async (_, end) => {
    const { world, other } = await twoProcesses()
    const { id } = json(await world.alice.get('/me'))
    const connection = world.connect(world.alice)
    await connection.opened
    // What this process knows of the deployment is as new as it can be, and so will be old for longest.
    await world.environment.advance(2600)
    await world.alice.get('/me')
    await end(other, id ?? '')
    await settle(world)
    expect(connection.isOpen, 'nobody has told this process').toBe(true)
    await world.environment.advance(BOUND_MS)
    await settle(world)
    expect(connection.isOpen).toBe(false)
    expect(await connection.closed).toMatchObject({ code: ENDED })
  })

  test('when another process evicted it', async () => {
    const { world, other } = await twoProcesses({ devices: { limit: 1 } })
    const connection = world.connect(world.alice)
    await connection.opened
    await world.environment.advance(100)
    await other.signIn('alice')
    await world.environment.advance(BOUND_MS)
    expect(await connection.closed).toEqual({ code: ENDED, reason: 'unknown' })
  })

  test('after an outage, in which nobody can know and nobody is told', async () => {
    const { world, other } = await twoProcesses()
    const connection = world.connect(world.alice)
    await connection.opened
    world.store.faults.fail(FOREVER)
    await other.revokeAll('alice')
    await world.environment.advance(10 * BOUND_MS)
    await settle(world)
    expect(connection.isOpen).toBe(true)
    world.store.faults.heal()
    await world.environment.advance(BOUND_MS)
    expect(await connection.closed).toMatchObject({ code: ENDED })
  })
})

/** Two managers with stores of their own over one file. */
async function twoProcesses(
  options: LiveOptions['options'] = {},
): Promise<{ readonly world: Signed; readonly other: AppSessions }> {
  const [, sqlite = STORES[0]] = STORES
  const world = await start({ store: sqlite, options })
  const store = sqliteStore({ path: world.path ?? '', environment: world.environment })
  const other = newSessions(store, world.environment, options)
  onTestFinished(async () => {
    await other.close()
    await store.close()
  })
  await other.ready()
  return { world, other }
}

describe('goes on', () => {
  test.each(['/regenerate', '/elevate', '/password', '/set?note=x', '/update?note=x'])(
    'through POST %s, and is told of the end that comes later',
    async (step) => {
      const world = await start()
      const connection = world.connect(world.alice)
      await connection.opened
      await world.alice.post(step)
      await world.environment.advance(10 * BOUND_MS)
      await settle(world)
      expect(connection.isOpen).toBe(true)
      await world.alice.post('/logout')
      expect(await connection.closed).toEqual({ code: ENDED, reason: 'signed-out' })
    },
  )

  test('when another session ends, of the same user or of somebody else', async () => {
    const world = await start()
    const connection = world.connect(world.alice)
    await connection.opened
    const [tablet, bob] = [world.browser(), world.browser()]
    await tablet.post('/login?user=alice')
    await bob.post('/login?user=bob')
    await tablet.post('/logout')
    await world.sessions.revokeAll('bob')
    await world.environment.advance(2 * BOUND_MS)
    await settle(world)
    expect(connection.isOpen).toBe(true)
    expect(jsonList(await world.alice.get('/devices'))).toHaveLength(1)
  })
})
