/** A handle that was opened for another site's write, used by an application that did not look at `refused`. */
import { describe, expect, test } from 'vitest'
import type { AppHandle } from './harness/adapters.ts'
import { codeThrownBy } from './harness/thrown.ts'
import { startWorld, type World } from './harness/world.ts'

interface Crossing extends World {
  readonly open: () => Promise<AppHandle>
  readonly cookie: string
}

/** Alice is signed in, and her browser was made to send a write. */
async function start(): Promise<Crossing> {
  const world = await startWorld({ options: { transport: 'both' } })
  const result = await world.sessions.signIn('alice', {
    transport: '__Host-Http-sid',
    data: { note: 'hers' },
  })
  if (result.kind !== 'signed-in') throw new Error(result.reason)
  const cookie = `__Host-Http-sid=${result.token}`
  const headers = { cookie, 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }
  return {
    ...world,
    cookie,
    open: async () => await world.sessions.get(new Request('http://localhost/', { method: 'POST', headers })),
  }
}

/** Nothing was stored, nothing ended, and the answer says nothing to the browser about its cookie. */
async function isUntouched({ sessions, cookie }: Crossing, handle: AppHandle): Promise<void> {
  const answer = new Headers()
  const committed = await handle.commit(answer)
  expect([committed.kind, answer.getSetCookie()]).toEqual(['committed', []])
  const hers = await sessions.get(new Request('http://localhost/', { headers: { cookie } }))
  expect([hers.subject, hers.data]).toEqual(['alice', { note: 'hers' }])
  expect(await sessions.list('alice')).toHaveLength(1)
  expect(await sessions.list('mallory')).toEqual([])
}

test('it has no session, although the browser sent one, and says what to answer', async () => {
  const world = await start()
  const handle = await world.open()
  expect([handle.session, handle.subject, handle.data, handle.verdict]).toEqual([
    undefined,
    undefined,
    {},
    { kind: 'none', reason: 'absent' },
  ])
  expect(handle.unavailable).toBeUndefined()
  expect(handle.refused).toMatchObject({
    status: 403,
    headers: { vary: expect.stringContaining('Origin') as unknown },
  })
  expect(JSON.parse(handle.refused?.body ?? '')).toMatchObject({ code: 'cross_site_request' })
  await isUntouched(world, handle)
})

describe('it cannot begin a session, or change one', () => {
  const refusals: readonly [string, (handle: AppHandle) => unknown][] = [
    ['set', (handle) => handle.set('note', 'mine')],
    ['unset', (handle) => handle.unset('note')],
    ['increment', (handle) => handle.increment('count')],
    ['update', (handle) => handle.update(() => ({ note: 'mine' }))],
    ['signIn', (handle) => handle.signIn('mallory')],
    ['signIn to a cookie', (handle) => handle.signIn('mallory', { deliver: 'cookie' })],
    ['signIn to a body', (handle) => handle.signIn('mallory', { deliver: 'bearer' })],
    ['signIn of an attempt', async (handle) => await handle.signIn(await handle.attempt('mallory'))],
    ['elevate', (handle) => handle.elevate({ aal: 3 })],
    ['regenerate', (handle) => handle.regenerate()],
    ['credentialChanged', (handle) => handle.credentialChanged()],
  ]

  test.each(refusals)('%s throws CROSS_SITE_REQUEST', async (_, act) => {
    const world = await start()
    const handle = await world.open()
    const { commit } = world.store.faults.calls
    await expect((async () => await act(handle))()).rejects.toMatchObject({ code: 'CROSS_SITE_REQUEST' })
    expect(world.store.faults.calls.commit).toBe(commit)
    await isUntouched(world, handle)
  })
})

describe('it ends nothing', () => {
  const ends: readonly [string, (handle: AppHandle, id: string) => Promise<unknown>, answer: unknown][] = [
    ['signOut', (handle) => handle.signOut(), undefined],
    ['revoke', (handle, id) => handle.revoke(id), { kind: 'not-found' }],
    ['revokeOthers', (handle) => handle.revokeOthers(), { kind: 'not-found' }],
    ['revokeAll', (handle) => handle.revokeAll(), { kind: 'not-found' }],
    ['devices', (handle) => handle.devices(), []],
  ]

  test.each(ends)('%s finds nothing', async (_, end, answer) => {
    const world = await start()
    const handle = await world.open()
    const [device] = await world.sessions.list('alice')
    expect(await end(handle, device?.id ?? '')).toEqual(answer)
    await isUntouched(world, handle)
  })

  test('and has nothing whose end could be told', async () => {
    const handle = await (await start()).open()
    expect(codeThrownBy(() => handle.onEnd(() => undefined))).toBe('NO_SESSION')
  })
})

test('a store that is down makes it no other answer: nobody asks it', async () => {
  const world = await start()
  world.store.faults.fail({ times: Number.POSITIVE_INFINITY })
  const handle = await world.open()
  expect([handle.refused?.status, handle.unavailable]).toEqual([403, undefined])
})
