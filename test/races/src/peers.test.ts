/** The peers' applications: they work, so that what they lose is theirs, and nothing is held against them that they do not offer. */
import { expect, it } from 'vitest'
import { race, type Result } from './race.ts'
import { whileReading } from './scenarios/logout.ts'
import { twoKeys } from './scenarios/lost-updates.ts'
import { deviceLimit } from './scenarios/sign-ins.ts'
import { PEERS } from './systems.ts'

const RUNS = 4

it('shows a peer’s lost update as bad, its harmless read as good, and its missing limit as neither', async () => {
  const results: Result[] = []
  for (const peer of PEERS) {
    const scenarios = [twoKeys, whileReading, deviceLimit]
    await race(peer, { scenarios, runs: RUNS, onResult: (result) => results.push(result) })
  }
  expect(results.map(({ row }) => [row.system, row.scenario, row.bad])).toEqual([
    ['express-session', 'R1', RUNS],
    ['express-session', 'R4', 0],
    ['express-session', 'R9', null],
    ['@fastify/session', 'R1', RUNS],
    ['@fastify/session', 'R4', RUNS],
    ['@fastify/session', 'R9', null],
  ])
  const reasons = results.flatMap((result) => [...result.reasons.keys()])
  expect(reasons.filter((reason) => !/is undefined and should be|answered with 200/.test(reason))).toEqual([])
})
