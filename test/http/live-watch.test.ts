/** `onEnd` itself: who is told, how often, what it costs, and that nothing of it is left over. */
import { spawnSync } from 'node:child_process'
import { withSessions } from 'sojourn/node'
import { describe, expect, test } from 'vitest'
import type { AppSessions } from './harness/adapters.ts'
import { newSessions, SECRET, startWorld, type World, type WorldOptions } from './harness/world.ts'

type AppSession = Parameters<AppSessions['onEnd']>[0]

const FOREVER = { times: Number.POSITIVE_INFINITY }
const LOOKED_AT_WITHIN_MS = 4000
const TICK_MS = 250
const LOOKED_AT_EVERY_MS = 2500

interface Watching extends World {
  readonly session: AppSession
  /** What the listener was told. */
  readonly told: readonly string[]
  readonly forget: () => void
}

async function watching(options: WorldOptions = {}): Promise<Watching> {
  const world = await startWorld(options)
  const session = await signIn(world)
  const told: string[] = []
  return { ...world, session, told, forget: world.sessions.onEnd(session, (reason) => told.push(reason)) }
}

async function signIn({ sessions }: World, user = 'alice'): Promise<AppSession> {
  const result = await sessions.signIn(user, { transport: 'bearer' })
  if (result.kind !== 'signed-in') throw new Error(result.reason)
  return result.session
}

/** A second process on the same store. */
function another({ store, environment }: World): AppSessions {
  return newSessions(store, environment)
}

test('told once, however often and in whatever ways the session ends', async () => {
  const { sessions, session, told, environment } = await watching()
  await Promise.all([sessions.signOut(session), sessions.revokeAll('alice'), sessions.revoke(session.id)])
  await sessions.revokeEverything()
  await environment.advance(60_000)
  expect(told).toHaveLength(1)
})

test('a listener that has been forgotten is not told, and forgetting twice is nothing', async () => {
  const { sessions, session, told, forget, environment } = await watching()
  forget()
  forget()
  await sessions.signOut(session)
  await environment.advance(60_000)
  expect(told).toEqual([])
})

test('forgetting one leaves the others of the session', async () => {
  const { sessions, session, told, forget } = await watching()
  const other: string[] = []
  sessions.onEnd(session, (reason) => other.push(reason))
  forget()
  await sessions.signOut(session)
  expect([told, other]).toEqual([[], ['signed-out']])
})

test('listeners that throw, or reject, hurt neither the others nor whoever ended the session, and are logged', async () => {
  const { sessions, session, told, environment } = await watching()
  const others: string[] = []
  sessions.onEnd(session, () => {
    throw new Error('mine')
  })
  const late = (): unknown => Promise.reject(new Error('mine too'))
  sessions.onEnd(session, late)
  sessions.onEnd(session, (reason) => others.push(reason))
  expect(await sessions.revoke(session.id)).toBe(true)
  await environment.advance(1)
  expect([told, others]).toEqual([['revoked'], ['revoked']])
  expect(environment.logs.filter(({ level }) => level === 'error')).toHaveLength(2)
})

test('a listener that forgets another one, or watches again, while they are told', async () => {
  const { sessions, session, told, forget, environment } = await watching()
  const again: string[] = []
  forget()
  const holder: { forgetSecond?: () => void } = {}
  sessions.onEnd(session, () => {
    holder.forgetSecond?.()
    sessions.onEnd(session, (reason) => again.push(reason))
  })
  holder.forgetSecond = sessions.onEnd(session, (reason) => again.push(`second ${reason}`))
  await sessions.revoke(session.id)
  await environment.advance(LOOKED_AT_WITHIN_MS + 1000)
  expect(told).toEqual([])
  expect(again, 'the session is over: whoever asks later is told so').toEqual(['unknown'])
})

describe('cost', () => {
  test('one read for each session every 2.5 s, whatever number of connections it has', async () => {
    const world = await watching()
    for (let more = 0; more < 20; more++) world.sessions.onEnd(world.session, () => undefined)
    const { read, list, commit } = world.store.faults.calls
    await world.environment.advance(10 * LOOKED_AT_EVERY_MS)
    expect(world.store.faults.calls).toMatchObject({ read: read + 10, list, commit })
  })

  test('the end of one user’s sessions asks about nobody else’s', async () => {
    const world = await startWorld()
    const told: string[] = []
    for (let user = 0; user < 100; user++) {
      const name = `user-${user}`
      world.sessions.onEnd(await signIn(world, name), () => told.push(name))
    }
    const { read } = world.store.faults.calls
    await world.sessions.revokeAll('user-7')
    await world.environment.advance(1)
    expect(told).toEqual(['user-7'])
    expect(world.store.faults.calls.read - read).toBeLessThan(10)
  })

  test('none, and no timer, when nobody watches any more', async () => {
    const world = await startWorld()
    const session = await signIn(world)
    await world.environment.advance(60_000)
    expect(world.environment.timers).toBe(0)
    const forget = world.sessions.onEnd(session, () => undefined)
    expect(world.environment.timers).toBe(1)
    forget()
    await world.environment.advance(LOOKED_AT_WITHIN_MS)
    const { read } = world.store.faults.calls
    expect(world.environment.timers).toBe(0)
    await world.environment.advance(10 * LOOKED_AT_WITHIN_MS)
    expect(world.store.faults.calls.read).toBe(read)
  })

  test('a check that takes long is not begun again meanwhile', async () => {
    const world = await watching({ options: { deadline: '10s' } })
    const { read } = world.store.faults.calls
    const gate = world.store.faults.hold({ on: 'read', ...FOREVER })
    await world.environment.advance(2 * LOOKED_AT_WITHIN_MS)
    expect(world.store.faults.calls.read - read).toBe(1)
    gate.release()
  })

  test('many sessions are looked at some at a time, all within the round', async () => {
    const world = await startWorld()
    for (let user = 0; user < 600; user++)
      world.sessions.onEnd(await signIn(world, `user-${user}`), () => undefined)
    const { read } = world.store.faults.calls
    await world.environment.advance(LOOKED_AT_EVERY_MS)
    const looks: number[] = []
    for (let tick = 0; tick < 3; tick++) {
      looks.push(world.store.faults.calls.read - read)
      await world.environment.advance(TICK_MS)
    }
    expect(looks).toEqual([256, 512, 600])
  })
})

describe('in an outage', () => {
  test.each(['fail', 'hang'] as const)(
    'calls that %s tell nobody anything; afterwards what ended is told',
    async (how) => {
      const { store, environment, sessions, session, told, ...rest } = await watching()
      const other = another({ store, environment, sessions, ...rest })
      await other.revoke(session.id)
      store.faults[how]({ on: 'read', ...FOREVER })
      await environment.advance(10 * LOOKED_AT_WITHIN_MS)
      expect(told).toEqual([])
      store.faults.heal()
      await environment.advance(2 * LOOKED_AT_WITHIN_MS)
      expect(told).toEqual(['unknown'])
    },
  )

  test('a revocation that is not confirmed is refused here, and told here, at once', async () => {
    const { store, environment, sessions, told } = await watching()
    store.faults.fail({ on: 'commit', ...FOREVER })
    const outcome: string[] = []
    void sessions.revokeAll('alice').catch((error: unknown) => outcome.push((error as Error).name))
    const startedAt = environment.now()
    while (outcome.length === 0) await environment.advance(25)
    expect(environment.now() - startedAt, 'before its turn comes').toBeLessThan(LOOKED_AT_EVERY_MS)
    expect([outcome, told]).toEqual([['RevokeUncertain'], ['revoked']])
  })
})

describe('after `close`', () => {
  test('nobody is told, and no timer is left', async () => {
    const world = await watching()
    const other = another(world)
    await world.environment.advance(LOOKED_AT_WITHIN_MS - 100)
    expect(world.environment.timers).toBeGreaterThan(0)
    await world.sessions.close()
    await other.revokeAll('alice')
    await world.environment.advance(60_000)
    expect([world.told, world.environment.timers]).toEqual([[], 0])
    await other.close()
  })

  test('also when a check was under way', async () => {
    const world = await watching()
    const other = another(world)
    await other.ready()
    const gate = world.store.faults.hold({ on: 'read', times: 1 })
    await world.environment.advance(LOOKED_AT_WITHIN_MS)
    await gate.arrived()
    await other.revoke(world.session.id)
    await world.sessions.close()
    gate.release()
    await world.environment.advance(60_000)
    expect(world.told).toEqual([])
    await other.close()
  })

  test('a new listener is not kept', async () => {
    const world = await watching()
    await world.sessions.close()
    const late: string[] = []
    const forget = world.sessions.onEnd(world.session, (reason) => late.push(reason))
    await world.environment.advance(60_000)
    expect([late, world.environment.timers]).toEqual([[], 0])
    expect(forget).not.toThrow()
  })
})

test('an end that comes while a check is under way is told at once all the same', async () => {
  const { store, environment, sessions, told } = await watching()
  const gate = store.faults.hold({ on: 'read', at: 'answer', times: 1 })
  await environment.advance(LOOKED_AT_WITHIN_MS)
  await gate.arrived()
  await sessions.revokeAll('alice')
  gate.release()
  await environment.advance(1)
  expect(told).toEqual(['revoked'])
})

test('a session that was over when it was asked about is told with the next check', async () => {
  const world = await startWorld()
  const session = await signIn(world)
  await world.sessions.signOut(session)
  const told: string[] = []
  world.sessions.onEnd(session, (reason) => told.push(reason))
  await world.environment.advance(LOOKED_AT_WITHIN_MS + 250)
  expect(told).toEqual(['unknown'])
})

test('a stream whose client is gone is forgotten by `close` of its response', async () => {
  const world = await startWorld({
    listener: (sessions, onError) =>
      withSessions(
        sessions,
        async (request, response, session) => {
          if (request.method === 'POST') await session.signIn('alice')
          if (request.url === '/events') {
            response.flushHeaders()
            response.once(
              'close',
              session.onEnd(() => response.end()),
            )
          } else response.end()
        },
        { onError },
      ),
  })
  const alice = world.browser()
  await alice.post('/')
  const wire = await alice.begin('GET', '/events')
  while (wire.waiting === 0) await alice.get('/')
  wire.abort()
  for (let round = 0; round < 3; round++) await alice.get('/')
  await world.environment.advance(LOOKED_AT_WITHIN_MS)
  const { read } = world.store.faults.calls
  await world.environment.advance(10 * LOOKED_AT_WITHIN_MS)
  expect(world.store.faults.calls.read).toBe(read)
  expect(world.errors).toEqual([])
})

test('in a process that has nothing else to do, a watch does not keep it alive', async () => {
  const program = `
    import { createSessions } from 'sojourn'
    import { memoryStore } from 'sojourn/stores/memory'
    const sessions = createSessions({ deployment: 'x', secrets: '${SECRET}', store: memoryStore() })
    const { session } = await sessions.signIn('alice')
    sessions.onEnd(session, () => {})
    console.log('done')
  `
  const { stdout, status } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: import.meta.dirname,
    encoding: 'utf8',
    timeout: 20_000,
  })
  expect([stdout.trim(), status]).toEqual(['done', 0])
})
