/**
 * `npm run faults`: real servers and applications, broken in every way the lab knows, and what was violated.
 *
 *     --json                 one document on stdout: { "seed", "rows": [{ fault, topology, ran, operations, … }] }
 *     --only F1,F6           these cases only; `healthy`, which takes ten minutes, runs only when it is named
 *     --topology sentinel-1+2   on these topologies only
 *     --short                few sessions and short waits, as in `npm test`
 *     --seed N               what is chosen at random comes of it; default: another one each time
 *     --broken               with the settings that void a guarantee: shows that the cases can be lost
 *
 * Cuts between machines need a network of their own, which root can make, and others where the system lets them; a case
 * that cannot have one is not run, and says so.
 *
 * Exits with 1 when a case was violated or failed, with 2 when it was called wrongly.
 */
import { randomInt } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { chosen, misused } from '../../programs/command-line.ts'
import type { FaultCase } from './case.ts'
import { CASES } from './cases.ts'
import { isInNetwork, prepareNetwork, runInNetwork, waysToNetwork } from './namespaces.ts'
import { type Conditions, isBad, type Row, runCase } from './run.ts'
import { linesOf, tableOf } from './table.ts'

const MOST_SEED = 2 ** 32

const { values } = readArguments()
const seed = values.seed === undefined ? randomInt(MOST_SEED) : Number(values.seed)
if (!Number.isSafeInteger(seed) || seed < 0) misused('--seed: write a whole number of at least 0.')
const cases = chosenCases()

const network = isInNetwork() ? undefined : waysToNetwork()
if (network !== undefined && 'unshare' in network) {
  process.exit(
    await runInNetwork(network.unshare, [fileURLToPath(import.meta.url), ...process.argv.slice(2)]),
  )
}
if (network === undefined) prepareNetwork()

const say = (text: string): void => void (values.json ? process.stderr : process.stdout).write(text)
const rows = await runAll({
  scale: values.short ? 'short' : 'full',
  seed,
  broken: values.broken,
  log: (text) => process.stderr.write(`${text}\n`),
  ...(network === undefined ? {} : { noNetwork: network.because }),
})
say(`\n${tableOf(rows)}seed ${seed}\n`)
if (values.json) process.stdout.write(`${JSON.stringify({ seed, rows }, undefined, 2)}\n`)
process.exit(rows.some(isBad) ? 1 : 0)

async function runAll(conditions: Conditions): Promise<readonly Row[]> {
  const results: Row[] = []
  for (const fault of cases) {
    const row = await runCase(fault, conditions)
    results.push(row)
    say(linesOf(row))
  }
  return results
}

function readArguments() {
  try {
    return parseArgs({
      options: {
        json: { type: 'boolean', default: false },
        only: { type: 'string' },
        topology: { type: 'string' },
        short: { type: 'boolean', default: false },
        seed: { type: 'string' },
        broken: { type: 'boolean', default: false },
      },
    })
  } catch (error) {
    return misused((error as Error).message)
  }
}

function chosenCases(): readonly FaultCase[] {
  const usual = values.only === undefined ? CASES.filter(({ byNameOnly }) => byNameOnly !== true) : CASES
  const named = chosen('--only', values.only, { from: usual, by: ({ fault }) => fault })
  const found = chosen('--topology', values.topology, { from: named, by: ({ topology }) => topology })
  const choice = values.broken ? found.filter(({ canBreak }) => canBreak === true) : found
  if (choice.length === 0) misused('No case is left: choose others, or fewer conditions.')
  return choice
}
