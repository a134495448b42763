import { expect, it } from 'vitest'
import type { Environment } from '../../core/environment.ts'
import { fakeEnvironment } from '../../testing/fake-environment.ts'
import { patience } from './patience.ts'

interface HandDriven {
  readonly environment: Environment
  /** Runs the timer that is armed: on time or however late, it is one timer. */
  readonly fire: () => void
  readonly armed: () => readonly number[]
}

function handDriven(): HandDriven {
  let timers: { readonly ms: number; readonly run: () => void }[] = []
  const environment: Environment = {
    ...fakeEnvironment(),
    after(ms, run) {
      const timer = { ms, run }
      timers.push(timer)
      return { cancel: () => void (timers = timers.filter((other) => other !== timer)) }
    },
  }
  const fire = (): void => {
    for (const { run } of timers.splice(0)) run()
  }
  return { environment, fire, armed: () => timers.map(({ ms }) => ms) }
}

it('gives up once, after the time that was asked for', async () => {
  const environment = fakeEnvironment()
  let given = 0
  patience(environment, 1_000, () => given++)
  await environment.advance(999)
  expect(given).toBe(0)
  await environment.advance(1)
  expect([given, environment.timers]).toEqual([1, 0])
})

it('leaves time to read what has arrived when its timer is overdue', () => {
  const { environment, fire, armed } = handDriven()
  let given = 0
  patience(environment, 1_000, () => given++)
  fire()
  expect([given, armed()]).toEqual([0, [200]])
  for (let look = 0; look < 4; look++) fire()
  expect([given, armed()]).toEqual([1, []])
})

it('gives up nothing that was cancelled, however many looks there have been', () => {
  const { environment, fire, armed } = handDriven()
  let given = 0
  const limit = patience(environment, 1_000, () => given++)
  fire()
  limit.cancel()
  expect(armed()).toEqual([])
  fire()
  expect(given).toBe(0)
})
