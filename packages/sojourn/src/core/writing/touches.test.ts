// While the store takes no writes, checks do not each bring theirs.
import { expect, it } from 'vitest'
import { signedIn, verdictOf, world } from '../manager.fixture.ts'

it('touches that fail are tried once a second for all sessions together, and again for each when one is written', async () => {
  const { manager, environment, store } = world({ peek: true })
  const [ada, bob] = [await signedIn(manager, 'ada'), await signedIn(manager, 'bob')]
  await environment.advance(61_000)
  const commits = (): number => store.faults.calls.commit

  async function checked(times: number): Promise<number> {
    const before = commits()
    for (let check = 0; check < times; check++) {
      for (const { token } of [ada, bob]) expect(await verdictOf(manager, token)).toBe('valid')
      await environment.advance(10)
    }
    return commits() - before
  }

  store.faults.fail({ on: 'commit', times: Number.POSITIVE_INFINITY })
  const first = await checked(1)
  expect(first).toBeGreaterThan(0)
  expect(await checked(20)).toBe(0)
  store.faults.heal()
  await environment.advance(1_000)
  expect(await checked(2)).toBe(2)
})
