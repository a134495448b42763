/**
 * `npm run races`: every scenario on every system.
 *
 *     --json         one document on stdout: { "rows": [{ scenario, system, adapter, store, runs, bad }] }
 *     --runs N       runs of each scenario and application; default 20
 *     --only R1,R3   these scenarios only
 *     --store redis  ours on these stores only, as many as are named
 *     --peers        other libraries too, and a table of all of them side by side
 *     --broken       on a store that breaks the contract: shows that the races can be lost
 *
 * What a peer does not offer is not raced: `n/a`, in JSON `"runs": 0, "bad": null` and what it is.
 *
 * Exits with 1 when a run of ours went wrong, with 2 when it was called wrongly.
 */
import { parseArgs } from 'node:util'
import { chosen, misused } from '../../programs/command-line.ts'
import { comparisonOf } from './comparison.ts'
import { race, type Result } from './race.ts'
import { SCENARIOS } from './scenarios.ts'
import type { System } from './system.ts'
import { BROKEN, PEERS, SYSTEMS } from './systems.ts'

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    runs: { type: 'string', default: '20' },
    only: { type: 'string' },
    store: { type: 'string' },
    peers: { type: 'boolean', default: false },
    broken: { type: 'boolean', default: false },
  },
})

const runs = Number(values.runs)
if (!Number.isSafeInteger(runs) || runs < 1) misused('--runs: write a whole number of at least 1.')

const scenarios = chosen('--only', values.only, { from: SCENARIOS, by: ({ id }) => id })
const systems = chosen('--store', values.store, {
  from: values.broken ? BROKEN : SYSTEMS,
  by: ({ store }) => store,
})
const say = values.json
  ? (text: string): boolean => process.stderr.write(text)
  : (text: string): boolean => process.stdout.write(text)
const ours = await raced(systems)
const peers = await raced(values.peers ? PEERS : [])
const all = [...ours, ...peers]

const bad = ours.reduce((sum, { row }) => sum + (row.bad ?? 0), 0)
if (peers.length > 0) say(`\n${comparisonOf(all)}`)
if (values.json)
  process.stdout.write(`${JSON.stringify({ rows: all.map(({ row }) => row) }, undefined, 2)}\n`)
else say(`\n${ours.length} cells, ${bad} bad runs\n`)
// Sockets that are kept alive would hold the process for some seconds.
process.exit(bad === 0 ? 0 : 1)

async function raced(chosenSystems: readonly System[]): Promise<readonly Result[]> {
  const results: Result[] = []
  for (const system of chosenSystems) {
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
  return results
}

function lineOf({ row, title, reasons, seconds }: Result): string {
  const cell =
    row.bad === null
      ? 'n/a'.padEnd(21)
      : `${String(row.bad).padStart(3)} bad of ${String(row.runs).padEnd(3)} ${seconds.toFixed(1).padStart(5)} s`
  const notes =
    row.notOffered === undefined
      ? [...reasons].map(([reason, count]) => `${count} × ${reason}`)
      : [`not offered: ${row.notOffered}`]
  return `  ${row.scenario.padEnd(4)} ${cell}  ${title}\n${notes.map((note) => `         ${note}\n`).join('')}`
}
