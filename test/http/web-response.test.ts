/** `sessions.get` and `sessions.respond` as applications on web standards use them, without a server. */
import { describe, expect, test } from 'vitest'
import type { AppHandle } from './harness/adapters.ts'
import { signal } from './harness/signal.ts'
import { codeThrownBy } from './harness/thrown.ts'
import { startWorld, type World } from './harness/world.ts'

const post = (headers: Record<string, string> = {}): Request =>
  new Request('http://localhost/', { method: 'POST', headers })

function cookieOf({ headers }: Response): string {
  const [line = ''] = headers.getSetCookie()
  return line.slice(0, line.indexOf(';'))
}

function withoutCookies({ headers }: Response): Readonly<Record<string, string>> {
  return Object.fromEntries([...headers].filter(([name]) => name !== 'set-cookie'))
}

async function dataOf({ sessions }: World, cookie: string): Promise<unknown> {
  return (await sessions.get(new Request('http://localhost/', { headers: { cookie } }))).data
}

test.each<[string, () => Response]>([
  ['a Response', () => new Response('sent', { status: 201, statusText: 'Made', headers: { 'x-own': '1' } })],
  ['one that cannot be changed', () => Response.redirect('http://localhost/elsewhere')],
  ['one without a body', () => new Response(null, { status: 204 })],
  [
    'one with cookies of its own',
    () =>
      new Response('', {
        headers: [
          ['set-cookie', 'a=1'],
          ['set-cookie', 'b=2'],
        ],
      }),
  ],
])('%s stays what it is, and has the cookie besides', async (_, make) => {
  const world = await startWorld()
  const answer = await world.sessions.respond(post(), (session) => {
    session.set('note', 'changed')
    return make()
  })
  const own = make()
  expect([answer.status, answer.statusText, await answer.text()]).toEqual([
    own.status,
    own.statusText,
    await own.text(),
  ])
  expect(answer.headers.getSetCookie()).toHaveLength(own.headers.getSetCookie().length + 1)
  expect(Object.fromEntries(answer.headers)).toMatchObject(withoutCookies(own))
  const ours = answer.headers.getSetCookie().find((line) => line.startsWith('__Host-')) ?? ''
  expect(await dataOf(world, ours.slice(0, ours.indexOf(';')))).toEqual({ note: 'changed' })
})

test('a change while the commit is under way is stored', async () => {
  const world = await startWorld()
  const holder: { session?: AppHandle } = {}
  const gate = world.store.faults.hold({ on: 'commit', times: 1 })
  const answering = world.sessions.respond(post(), (session) => {
    holder.session = session
    session.set('note', 'changed')
    return new Response('sent')
  })
  await gate.arrived()
  expect(codeThrownBy(() => holder.session?.set('theme', 'during'))).toBeUndefined()
  gate.release()
  const answer = await answering
  expect(codeThrownBy(() => holder.session?.set('theme', 'late'))).toBe('HEADERS_SENT')
  expect(answer.headers.getSetCookie(), 'one cookie of a name').toHaveLength(1)
  expect(await dataOf(world, cookieOf(answer))).toEqual({ note: 'changed', theme: 'during' })
})

describe('an error of the application’s own goes to whoever called', () => {
  test.each([
    ['before a change', false],
    ['after one', true],
  ])('%s, and nothing is stored', async (_, changes) => {
    const world = await startWorld()
    const answering = world.sessions.respond(post(), (session) => {
      if (changes) session.set('note', 'never kept')
      throw new RangeError('mine')
    })
    await expect(answering).rejects.toThrow(RangeError)
    expect(world.store.faults.calls.commit).toBe(0)
  })
})

test('a handle of `get` that nobody commits stores nothing, and one that is committed twice stores once', async () => {
  const world = await startWorld()
  const forgotten = await world.sessions.get(post())
  forgotten.set('note', 'forgotten')
  expect(world.store.faults.calls.commit).toBe(0)
  const session = await world.sessions.get(post())
  session.increment('count')
  const headers = new Headers()
  await session.commit(headers)
  await session.commit(headers)
  expect(headers.getSetCookie()).toHaveLength(1)
  expect(await dataOf(world, headers.getSetCookie()[0]?.split(';')[0] ?? '')).toEqual({ count: 1 })
})

test('a client that leaves while the handler runs: nothing begins for nobody', async () => {
  const world = await startWorld()
  const slow = signal()
  const client = new AbortController()
  const request = new Request('http://localhost/', { method: 'POST', signal: client.signal })
  const answering = world.sessions.respond(request, async (session) => {
    await slow.reached()
    await session.signIn('alice')
    return new Response()
  })
  await slow.arrived
  client.abort()
  slow.go()
  await expect(
    answering.then(
      ({ status }) => status,
      () => 'thrown',
    ),
  ).resolves.not.toBe(200)
  expect(await world.sessions.list('alice')).toEqual([])
})
