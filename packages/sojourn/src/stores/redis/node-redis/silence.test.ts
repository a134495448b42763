import { expect, test } from 'vitest'
import { type FakeEnvironment, fakeEnvironment } from '../../../testing/fake-environment.ts'
import type { Connection } from './dial.ts'
import { watchForSilence } from './silence.ts'

interface Watched {
  readonly environment: FakeEnvironment
  readonly found: () => number
  readonly pings: () => number
  readonly answer: () => void
  readonly state: { quiet: boolean }
}

/** A connection whose other end answers when the test says so. */
function watched(): Watched {
  const environment = fakeEnvironment()
  const state = { quiet: false }
  let answers: (() => void)[] = []
  let pings = 0
  let found = 0
  const connection = {
    sendCommand: () => {
      pings++
      return new Promise<void>((resolve) => answers.push(resolve))
    },
  }
  watchForSilence(connection as unknown as Connection, {
    environment,
    isQuiet: () => state.quiet,
    onSilent: () => found++,
  })
  const answer = (): void => {
    for (const resolve of answers) resolve()
    answers = []
  }
  return { environment, found: () => found, pings: () => pings, answer, state }
}

test('silence is found once, within 800 ms', async () => {
  const { environment, found } = watched()
  await environment.advance(799)
  expect(found()).toBe(0)
  await environment.advance(1)
  expect(found()).toBe(1)
  await environment.advance(10_000)
  expect(found()).toBe(1)
})

test('an answer that comes at last ends the suspicion', async () => {
  const { environment, found, answer } = watched()
  await environment.advance(200)
  for (let ping = 0; ping < 10; ping++) {
    await environment.advance(599)
    answer()
    await environment.advance(1)
  }
  expect(found()).toBe(0)
})

test('where silence is expected it is not counted, and nothing is asked', async () => {
  const { environment, found, pings, state } = watched()
  state.quiet = true
  await environment.advance(10_000)
  expect([found(), pings()]).toEqual([0, 0])
  state.quiet = false
  await environment.advance(800)
  expect(found()).toBe(1)
})
