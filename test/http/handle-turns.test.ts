/** What is done on one handle is done one after another, in the order of the calls, also when nobody waits in between. */
import { expect, test } from 'vitest'
import type { AppHandle } from './harness/adapters.ts'
import { startWorld, type World } from './harness/world.ts'

async function start(): Promise<World & { readonly handle: AppHandle }> {
  const world = await startWorld()
  const result = await world.sessions.signIn('alice', { transport: '__Host-Http-sid' })
  if (result.kind !== 'signed-in') throw new Error(result.reason)
  const headers = { cookie: `__Host-Http-sid=${result.token}` }
  const handle = await world.sessions.get(new Request('http://localhost/', { method: 'POST', headers }))
  return { ...world, handle }
}

/** Whoever the answer's cookie belongs to. */
async function whose({ sessions }: World, handle: AppHandle): Promise<string | undefined> {
  const answer = new Headers()
  await handle.commit(answer)
  expect(answer.getSetCookie()).toHaveLength(1)
  const cookie = answer.getSetCookie()[0]?.split(';')[0] ?? ''
  return (await sessions.get(new Request('http://localhost/', { headers: { cookie } }))).subject
}

test('a sign-in that is begun while the end of all sessions is being written waits for it, and is not ended by it', async () => {
  const world = await start()
  const { handle, store, sessions } = world
  const gate = store.faults.hold({ on: 'commit', times: 1 })
  const ending = handle.revokeAll()
  await gate.arrived()
  const calls = { ...store.faults.calls }
  const signing = handle.signIn('alice')
  for (let round = 0; round < 5; round++) await new Promise((resolve) => setImmediate(resolve))
  expect(store.faults.calls, 'it has not begun').toEqual(calls)
  gate.release()
  expect(await ending).toEqual({ kind: 'done', ended: 1 })
  expect(await signing).toMatchObject({ kind: 'signed-in' })
  expect(await sessions.list('alice')).toHaveLength(1)
  expect(await whose(world, handle)).toBe('alice')
})

test('an operation that fails does not keep the next one from its turn', async () => {
  const world = await start()
  const { handle, store } = world
  store.faults.fail({ on: 'list', times: 1 })
  const ending = handle.revokeOthers().catch((error: unknown) => (error as Error).name)
  const signing = handle.signIn('bob')
  expect(await ending).toBe('RevokeUncertain')
  expect(await signing).toMatchObject({ kind: 'signed-in' })
  expect(await whose(world, handle)).toBe('bob')
})

test('sign in, sign out, sign in: the last one stands', async () => {
  const world = await start()
  const { handle, sessions } = world
  await Promise.all([
    handle.signIn('bob'),
    handle.signOut(),
    handle.signIn('carol'),
    handle.elevate({ aal: 2 }),
  ])
  expect(await sessions.list('bob')).toEqual([])
  expect(handle.session?.aal).toBe(2)
  expect(await whose(world, handle)).toBe('carol')
})

test('data that is set while a sign-in is under way belongs to the session that it makes', async () => {
  const world = await start()
  const { handle, store } = world
  const gate = store.faults.hold({ on: 'commit', times: 1 })
  const signing = handle.signIn('bob')
  await gate.arrived()
  handle.set('note', 'set meanwhile')
  gate.release()
  await signing
  await handle.commit()
  expect([handle.subject, handle.data]).toEqual(['bob', { note: 'set meanwhile' }])
})

test('a commit that is asked for while a sign-in is under way has its cookie', async () => {
  const world = await start()
  const { handle, store } = world
  const gate = store.faults.hold({ on: 'commit', times: 1 })
  const signing = handle.signIn('bob')
  await gate.arrived()
  const committing = whose(world, handle)
  gate.release()
  await signing
  expect(await committing).toBe('bob')
})
