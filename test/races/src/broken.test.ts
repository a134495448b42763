/** The harness itself: a store that ignores expectations must lose races, or the zeros of the others say nothing. */
import { expect, it } from 'vitest'
import { race, type Result } from './race.ts'
import { deviceLimit } from './scenarios/sign-ins.ts'
import { duringSignIn } from './scenarios/revoke-all.ts'
import { twoKeys } from './scenarios/lost-updates.ts'
import { whileWriting } from './scenarios/logout.ts'
import { BROKEN } from './systems.ts'

const RUNS = 6

it.each(BROKEN)('sees the races that $store loses', { timeout: 120_000 }, async (system) => {
  const results: Result[] = []
  const scenarios = [twoKeys, whileWriting, deviceLimit, duringSignIn]
  await race(system, { scenarios, runs: RUNS, onResult: (result) => results.push(result) })
  const bad = results.map(({ row }) => [row.scenario, row.bad !== 0])
  expect(bad).toEqual([
    ['R1', true],
    ['R3', true],
    ['R9', true],
    ['R13', true],
  ])
})
