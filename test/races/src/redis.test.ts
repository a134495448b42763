/** A short part of `npm run races` on real servers: nothing of ours is lost there, through both drivers and with copies. */
import { expect, it } from 'vitest'
import { race, type Result } from './race.ts'
import { whileWriting } from './scenarios/logout.ts'
import { storeDown, storeHangs } from './scenarios/outage.ts'
import { readOnly } from './scenarios/read-cost.ts'
import { oldToken } from './scenarios/regeneration.ts'
import { deviceLimit } from './scenarios/sign-ins.ts'
import type { System } from './system.ts'
import { SYSTEMS } from './systems.ts'

const RUNS = 2
const SCENARIOS = [whileWriting, oldToken, storeHangs, storeDown, readOnly]
// Nine processes more.
const LIMITED = [...SCENARIOS, deviceLimit]

it.each([
  { store: 'redis', scenarios: LIMITED },
  { store: 'redis-near', scenarios: SCENARIOS },
])('loses no race on $store', { timeout: 120_000 }, async ({ store, scenarios }) => {
  const system = SYSTEMS.find((known) => known.store === store && known.adapter === 'node') as System
  const results: Result[] = []
  await race(system, { scenarios, runs: RUNS, onResult: (result) => results.push(result) })
  expect(results.map(({ row, reasons }) => [row.scenario, row.bad, [...reasons.keys()]])).toEqual(
    scenarios.map(({ id }) => [id, 0, []]),
  )
})
