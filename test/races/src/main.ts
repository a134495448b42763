/**
 * `npm run races`: every scenario on every system.
 *
 *     --json         one document on stdout: { "rows": [{ scenario, system, adapter, store, runs, bad }] }
 *     --runs N       runs of each scenario and application; default 20
 *     --only R1,R3   these scenarios only
 *     --broken       on a store that breaks the contract: shows that the races can be lost
 *
 * Exits with 1 when a run went wrong, with 2 when it was called wrongly.
 */
import { parseArgs } from 'node:util'
import { race, type Result } from './race.ts'
import { SCENARIOS } from './scenarios.ts'
import type { Scenario } from './scenario.ts'
import { BROKEN, SYSTEMS } from './systems.ts'

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    runs: { type: 'string', default: '20' },
    only: { type: 'string' },
    broken: { type: 'boolean', default: false },
  },
})

const runs = Number(values.runs)
if (!Number.isSafeInteger(runs) || runs < 1) misused('--runs: write a whole number of at least 1.')

const scenarios = chosen(values.only)
const say = values.json
  ? (text: string): boolean => process.stderr.write(text)
  : (text: string): boolean => process.stdout.write(text)
const results: Result[] = []
for (const system of values.broken ? [BROKEN] : SYSTEMS) {
  say(`\n${system.system}, ${system.adapter}, ${system.store}, processes: ${system.processes}\n`)
  await race(system, {
    scenarios,
    runs,
    onResult(result) {
      results.push(result)
      say(lineOf(result))
    },
  })
}

const bad = results.reduce((sum, { row }) => sum + row.bad, 0)
if (values.json)
  process.stdout.write(`${JSON.stringify({ rows: results.map(({ row }) => row) }, undefined, 2)}\n`)
else say(`\n${results.length} cells, ${bad} bad runs\n`)
// Sockets that are kept alive would hold the process for some seconds.
process.exit(bad === 0 ? 0 : 1)

function chosen(only: string | undefined): readonly Scenario[] {
  if (only === undefined) return SCENARIOS
  const ids = only.split(',').map((id) => id.trim())
  const unknown = ids.filter((id) => !SCENARIOS.some((scenario) => scenario.id === id))
  if (unknown.length > 0)
    misused(
      `--only: no such scenario: ${unknown.join(', ')}. There are ${SCENARIOS.map(({ id }) => id).join(', ')}.`,
    )
  return SCENARIOS.filter(({ id }) => ids.includes(id))
}

function lineOf({ row, title, reasons, seconds }: Result): string {
  const head = `  ${row.scenario.padEnd(4)} ${String(row.bad).padStart(3)} bad of ${String(row.runs).padEnd(3)} ${seconds.toFixed(1).padStart(5)} s  ${title}\n`
  return head + [...reasons].map(([reason, count]) => `         ${count} × ${reason}\n`).join('')
}

function misused(problem: string): never {
  process.stderr.write(`${problem}\n`)
  process.exit(2)
}
