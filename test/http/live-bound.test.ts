/** However many connections a process has, and however slow its store: what another process ends is told within 5 s. */
import { expect, test } from 'vitest'
import { newSessions, startWorld } from './harness/world.ts'

const BOUND_MS = 5000

test.each([
  [100, 200],
  [2000, 10],
  [8000, 10],
])(
  '%i connections over a store that takes %i ms: each end is told in time, and requests are answered beside it',
  async (count, latency) => {
    const world = await startWorld({ peek: false })
    const { environment, store, sessions } = world
    const other = newSessions(store, environment)
    const endedAt = new Map<string, number>()
    const late: Record<string, number> = {}
    const told = new Set<string>()
    const ids = new Map<string, string>()
    for (let number = 0; number < count; number++) {
      const user = `user-${number}`
      const result = await sessions.signIn(user, { transport: 'bearer' })
      if (result.kind !== 'signed-in') throw new Error(result.reason)
      ids.set(user, result.token)
      sessions.onEnd(result.session, () => {
        told.add(user)
        const after = environment.monotonic() - (endedAt.get(user) ?? Number.NaN)
        if (!(after <= BOUND_MS)) late[user] = after
      })
    }
    store.faults.delay(latency, { on: 'read', times: Number.POSITIVE_INFINITY })
    const verdicts: string[] = []
    for (let round = 0; round < 10; round++) {
      const user = `user-${Math.floor((round * count) / 10)}`
      const ending = other.revokeAll(user).then(() => endedAt.set(user, environment.monotonic()))
      await environment.advance(700)
      await ending
      const asked = sessions.verify(ids.get(`user-${count - 1}`) ?? '', 'bearer')
      await environment.advance(300)
      verdicts.push((await asked).kind)
    }
    await environment.advance(2 * BOUND_MS)
    expect([...told].toSorted()).toEqual([...endedAt.keys()].toSorted())
    expect(late).toEqual({})
    expect(new Set(verdicts)).toEqual(new Set(['valid']))
    await other.close()
  },
)
