/** What a user of an application with sessions goes through, over every adapter and store. */
import { describe, expect, test } from 'vitest'
import { json, jsonList } from './harness/browser.ts'
import { setCookies } from './harness/set-cookie.ts'
import { header, headerLines } from './harness/wire.ts'
import { MATRIX, startWorld } from './harness/world.ts'

const NAME = '__Host-Http-sid'
const UNKNOWN = { subject: null, id: null, data: {}, aal: 0, lifetime: null }

describe.each(MATRIX)('$name', ({ adapter, store }) => {
  const start = (more: Parameters<typeof startWorld>[0] = {}) => startWorld({ adapter, store, ...more })

  test('a visitor without data has no session, no cookie and no row', async () => {
    const { browser, store: spy } = await start()
    const visitor = browser()
    expect((await visitor.get('/')).body).toBe('welcome')
    expect(json(await visitor.get('/me'))).toEqual(UNKNOWN)
    expect((await visitor.get('/private')).status).toBe(401)
    expect(visitor.jar.size).toBe(0)
    expect(spy.faults.calls).toMatchObject({ read: 0, list: 0, commit: 0 })
  })

  test('sign in, be known, sign out, be unknown; the old cookie stays dead', async () => {
    const { browser } = await start()
    const alice = browser()
    const answer = await alice.post('/login?user=alice')
    expect(setCookies(answer).map(({ name }) => name)).toEqual([NAME])
    expect(header(answer, 'vary')).toBe('Cookie')
    expect(json(await alice.get('/me'))).toMatchObject({ subject: 'alice', aal: 1, lifetime: 'session' })
    const copy = alice.copy()
    const left = await alice.post('/logout')
    expect(left.status).toBe(204)
    expect(setCookies(left)).toMatchObject([{ name: NAME, value: '' }])
    expect(alice.jar.size).toBe(0)
    expect(json(await copy.get('/me'))).toEqual(UNKNOWN)
    expect(copy.jar.size, 'a dead cookie is left alone').toBe(1)
  })

  test('signing out twice, or without a session, succeeds', async () => {
    const { browser, store: spy } = await start()
    const alice = browser()
    await alice.post('/login?user=alice')
    const copy = alice.copy()
    expect((await alice.post('/logout')).status).toBe(204)
    const commits = spy.faults.calls.commit
    expect((await copy.post('/logout')).status).toBe(204)
    expect((await browser().post('/logout')).status).toBe(204)
    expect(spy.faults.calls.commit).toBe(commits)
  })

  test('GET /logout is not sign-out, and an unknown route changes nothing', async () => {
    const { browser } = await start()
    const alice = browser()
    await alice.post('/login?user=alice')
    expect((await alice.get('/logout')).status).toBe(404)
    expect(json(await alice.get('/me'))).toMatchObject({ subject: 'alice' })
  })

  test('a visitor’s cart survives the sign-in, other data does not, and the visitor’s cookie dies', async () => {
    const { browser } = await start()
    const visitor = browser()
    await visitor.post('/set?cart=shoes&note=private')
    const before = visitor.copy()
    expect(json(await visitor.get('/me'))).toMatchObject({
      subject: null,
      lifetime: 'anonymous',
      data: { cart: 'shoes', note: 'private' },
    })
    await visitor.post('/login?user=alice')
    expect(json(await visitor.get('/me'))).toMatchObject({ subject: 'alice', data: { cart: 'shoes' } })
    expect(json(await visitor.get('/me')).data).not.toHaveProperty('note')
    expect(json(await before.get('/me'))).toEqual(UNKNOWN)
  })

  test('remember me asks for a cookie that outlives the browser; otherwise it does not', async () => {
    const { browser } = await start()
    const [short] = setCookies(await browser().post('/login?user=alice'))
    const [long] = setCookies(await browser().post('/login?user=alice&remember'))
    expect(short?.attributes.has('max-age')).toBe(false)
    expect(long?.attributes.get('max-age')).toBe(String(30 * 86_400))
  })

  test('an elevation gives a new token and ends the old one at once', async () => {
    const { browser } = await start()
    const alice = browser()
    await alice.post('/login?user=alice')
    const before = alice.copy()
    const { id } = json(await alice.get('/me'))
    expect(json(await alice.post('/elevate'))).toEqual({ kind: 'changed' })
    expect(alice.token).not.toBe(before.token)
    expect(json(await alice.get('/me'))).toMatchObject({ subject: 'alice', id, aal: 2 })
    expect(json(await before.get('/me'))).toEqual(UNKNOWN)
    expect(before.jar.size).toBe(1)
  })

  test('after a regeneration the old token is good until the new one is used, and hands out the new one', async () => {
    const { browser, environment } = await start()
    const alice = browser()
    await alice.post('/login?user=alice')
    const late = alice.copy()
    const before = alice.token
    await alice.post('/regenerate')
    expect(json(await late.get('/me'))).toMatchObject({ subject: 'alice' })
    expect(late.token).toBe(alice.token)
    const tooLate = browser(new Map([[NAME, before]]))
    expect(json(await alice.get('/me'))).toMatchObject({ subject: 'alice' })
    await environment.advance(10)
    expect(json(await tooLate.get('/me')), 'the new one has been used').toEqual(UNKNOWN)
    expect(tooLate.token, 'and the cookie is left alone').toBe(before)
  })

  test('changed roles give each session a new token with its next answer, and the old one is dead at once', async () => {
    const { browser, sessions, environment } = await start()
    const alice = browser()
    await alice.post('/login?user=alice')
    const old = alice.copy()
    await environment.advance(1000)
    await sessions.setSubjectAttributes('alice', { version: 1, value: { role: 'admin' } })
    await alice.get('/me')
    expect(alice.token).not.toBe(old.token)
    expect(json(await old.get('/me'))).toEqual(UNKNOWN)
    expect(old.jar.size, 'its cookie is left alone').toBe(1)
    expect((await old.get('/private')).status).toBe(401)
    const after = alice.token
    await alice.get('/me')
    expect(alice.token).toBe(after)
  })

  test('after a password change only this session lives, with a new token', async () => {
    const { browser } = await start()
    const [here, there] = [browser(), browser()]
    await here.post('/login?user=alice')
    await there.post('/login?user=alice')
    const before = here.copy()
    expect(json(await here.post('/password'))).toEqual({ kind: 'changed' })
    expect(json(await here.get('/me'))).toMatchObject({ subject: 'alice' })
    for (const ended of [there, before]) expect(json(await ended.get('/me'))).toEqual(UNKNOWN)
  })

  test('my devices: what, where and when, this one marked, ended one by one, by others and all', async () => {
    const { browser, environment } = await start()
    const headers = [
      ['User-Agent', 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'],
    ] as const
    const [here, second, third] = [browser(), browser(), browser()]
    for (const each of [here, second, third]) {
      await each.post('/login?user=alice', { headers })
      await environment.advance(1000)
    }
    const list = jsonList(await here.get('/devices'))
    expect(list).toHaveLength(3)
    expect(list.filter(({ current }) => current)).toHaveLength(1)
    expect(list[0]).toMatchObject({
      label: 'Firefox on Linux',
      address: '127.0.0.1',
      aal: 1,
      lifetime: 'session',
    })
    const { id } = json(await third.get('/me'))
    expect(json(await here.post(`/devices/revoke?id=${id}`))).toEqual({ kind: 'done', ended: 1 })
    expect(json(await third.get('/me'))).toEqual(UNKNOWN)
    expect(json(await here.post('/devices/others'))).toEqual({ kind: 'done', ended: 1 })
    expect(json(await second.get('/me'))).toEqual(UNKNOWN)
    expect(json(await here.post('/devices/all'))).toEqual({ kind: 'done', ended: 1 })
    expect(here.jar.size).toBe(0)
  })

  test('ending another session needs a recent authentication; ending one’s own does not', async () => {
    const { browser, environment } = await start()
    const [here, there] = [browser(), browser()]
    await here.post('/login?user=alice')
    await there.post('/login?user=alice')
    const { id } = json(await there.get('/me'))
    await environment.advance(10 * 60_000 + 1)
    for (const target of [`/devices/revoke?id=${id}`, '/devices/others', '/devices/all'])
      expect(json(await here.post(target))).toEqual({ kind: 'reauthenticate' })
    expect(json(await there.get('/me'))).toMatchObject({ subject: 'alice' })
    await here.post('/elevate')
    expect(json(await here.post(`/devices/revoke?id=${id}`))).toEqual({ kind: 'done', ended: 1 })
    await environment.advance(10 * 60_000 + 1)
    const own = json(await here.get('/me')).id
    expect(json(await here.post(`/devices/revoke?id=${own}`))).toEqual({ kind: 'done', ended: 1 })
    expect(json(await here.get('/me'))).toEqual(UNKNOWN)
  })

  test('a session id is no credential and reaches nobody else’s sessions', async () => {
    const { browser } = await start()
    const [alice, bob] = [browser(), browser()]
    await alice.post('/login?user=alice')
    await bob.post('/login?user=bob')
    const devices = await alice.get('/devices')
    expect(devices.body).not.toContain(alice.token)
    expect(devices.body).not.toContain(alice.token.slice(32, 76))
    const { id } = json(await alice.get('/me'))
    expect(json(await bob.post(`/devices/revoke?id=${id}`))).toEqual({ kind: 'not-found' })
    expect(json(await browser(new Map([[NAME, id as string]])).get('/me'))).toEqual(UNKNOWN)
    expect(json(await alice.get('/me'))).toMatchObject({ subject: 'alice' })
  })

  test('two sign-ins of one user are two sessions; ending one leaves the other (V-74)', async () => {
    const { browser } = await start()
    const [first, second] = [browser(), browser()]
    await first.post('/login?user=alice&remember')
    await second.post('/login?user=alice&remember')
    expect(first.token).not.toBe(second.token)
    await first.post('/logout')
    expect(json(await second.get('/me'))).toMatchObject({ subject: 'alice' })
  })

  test('the oldest device gives way to one too many, and its cookie is left alone', async () => {
    const { browser, environment, events } = await start({ options: { devices: { limit: 2 } } })
    const devices = [browser(), browser(), browser()]
    for (const device of devices) {
      await device.post('/login?user=alice')
      await environment.advance(1000)
    }
    const subjects = []
    for (const device of devices) subjects.push(json(await device.get('/me')).subject)
    expect(subjects).toEqual([null, 'alice', 'alice'])
    expect(devices[0]?.jar.size).toBe(1)
    expect(events.filter(({ name }) => name === 'session.ended')).toMatchObject([
      { event: { reason: 'evicted', subject: 'alice' } },
    ])
  })

  test('with the policy `reject`, one device too many is refused and gets no cookie', async () => {
    const { browser, events } = await start({ options: { devices: { limit: 1, policy: 'reject' } } })
    await browser().post('/login?user=alice')
    const second = browser()
    expect(json(await second.post('/login?user=alice'))).toEqual({ kind: 'refused', reason: 'device-limit' })
    expect(second.jar.size).toBe(0)
    expect(events.map(({ name }) => name)).toContain('device-limit.reached')
  })

  test('idle and absolute timeouts end a session on the server, whatever the browser keeps', async () => {
    const { browser, environment } = await start({ options: { lifetime: { idle: '1h', absolute: '3h' } } })
    const [idle, busy] = [browser(), browser()]
    await idle.post('/login?user=alice&remember')
    await busy.post('/login?user=bob')
    await idle.post('/login?user=alice')
    for (let minutes = 0; minutes < 170; minutes += 50) {
      expect(json(await busy.get('/me'))).toMatchObject({ subject: 'bob' })
      await environment.advance(50 * 60_000)
    }
    expect(json(await idle.get('/me'))).toEqual(UNKNOWN)
    expect(json(await busy.get('/me'))).toEqual(UNKNOWN)
  })

  test('activity and new tokens move no absolute deadline; a new authentication restarts both clocks', async () => {
    const { browser, environment } = await start({
      options: { lifetime: { idle: '1h', absolute: '2h' }, regenerate: { every: '10m', grace: '0s' } },
    })
    const [busy, careful] = [browser(), browser()]
    await busy.post('/login?user=alice')
    await careful.post('/login?user=bob')
    const first = busy.token
    for (let minutes = 0; minutes < 119; minutes += 17) {
      expect(json(await busy.get('/me'))).toMatchObject({ subject: 'alice' })
      await careful.post('/elevate')
      await environment.advance(17 * 60_000)
    }
    expect(busy.token).not.toBe(first)
    await environment.advance(60_000)
    expect(json(await busy.get('/me')), 'two hours after its sign-in').toEqual(UNKNOWN)
    expect(json(await careful.get('/me')), 'minutes after its elevation').toMatchObject({
      subject: 'bob',
      aal: 2,
    })
    await environment.advance(60 * 60_000)
    expect(json(await careful.get('/me'))).toEqual(UNKNOWN)
  })

  test('the level is that of the last authentication, and only an authentication raises it', async () => {
    const { browser } = await start()
    const alice = browser()
    await alice.post('/login?user=alice')
    for (const target of ['/set?aal=3&amr=otp', '/count', '/regenerate', '/password']) {
      await alice.post(target)
      expect(json(await alice.get('/me'))).toMatchObject({ aal: 1 })
    }
    await alice.post('/elevate')
    expect(json(await alice.get('/me'))).toMatchObject({ aal: 2 })
    await alice.post('/login?user=alice')
    expect(json(await alice.get('/me'))).toMatchObject({ aal: 1 })
  })

  test('50 parallel sign-ins leave exactly the limit', async () => {
    const { browser, sessions } = await start({ options: { devices: { limit: 5 } } })
    const clients = Array.from({ length: 50 }, () => browser())
    const most = { live: 0 }
    await Promise.all(
      clients.map(async (client) => {
        expect((await client.post('/login?user=alice')).status).toBe(200)
        most.live = Math.max(most.live, (await sessions.list('alice')).length)
      }),
    )
    const subjects = await Promise.all(clients.map(async (client) => json(await client.get('/me')).subject))
    expect(subjects.filter((subject) => subject === 'alice')).toHaveLength(5)
    expect(most.live).toBe(5)
  })

  test('using a session that is over is told as an event, with its id and nothing else', async () => {
    const { browser, events } = await start()
    const alice = browser()
    await alice.post('/login?user=alice')
    const { id } = json(await alice.get('/me'))
    const copy = alice.copy()
    await alice.post('/logout')
    await copy.get('/me')
    expect(events.at(-1)).toEqual({
      name: 'session.used-after-end',
      event: { sessionId: id, reason: 'unknown' },
    })
  })

  test('everything at once: revokeEverything ends all, a new sign-in works', async () => {
    const { browser, sessions } = await start()
    const [alice, bob] = [browser(), browser()]
    await alice.post('/login?user=alice')
    await bob.post('/login?user=bob')
    await sessions.revokeEverything()
    for (const each of [alice, bob]) expect(json(await each.get('/me'))).toEqual(UNKNOWN)
    await alice.post('/login?user=alice')
    expect(json(await alice.get('/me'))).toMatchObject({ subject: 'alice' })
  })

  test('a disabled or erased account is signed out everywhere', async () => {
    const { browser, sessions } = await start()
    const [alice, phone] = [browser(), browser()]
    await alice.post('/login?user=alice')
    await phone.post('/login?user=alice&remember')
    await sessions.revokeAll('alice')
    for (const each of [alice, phone]) expect(json(await each.get('/me'))).toEqual(UNKNOWN)
    await alice.post('/login?user=alice')
    await sessions.eraseSubject('alice')
    expect(json(await alice.get('/me'))).toEqual(UNKNOWN)
  })

  test('HEAD answers the head of GET, and no body', async () => {
    const { browser } = await start()
    const alice = browser()
    await alice.post('/login?user=alice')
    const response = await alice.request('HEAD', '/me')
    expect(response).toMatchObject({ status: 200, body: '' })
    expect(header(response, 'cache-control')).toBe('no-store')
    expect(headerLines(response, 'set-cookie')).toEqual([])
  })

  test('a response is kept from caches when the session was read, and not otherwise', async () => {
    const { browser } = await start()
    const alice = browser()
    await alice.post('/login?user=alice')
    expect(header(await alice.get('/me'), 'cache-control')).toBe('no-store')
    expect(header(await alice.get('/'), 'cache-control')).toBeUndefined()
  })
})
