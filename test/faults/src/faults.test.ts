/**
 * A short part of `npm run faults`: that nothing is violated, and that the lab sees what is where a guarantee is void.
 * How long anything took is in neither.
 */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { waysToNetwork } from './namespaces.ts'
import type { Row } from './run.ts'

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url))

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

function run(...args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, ...args], (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    )
  })
}

/** What became of each: `F1: none`, `F1: some`; where the machine cannot cut networks, that. */
async function violationsOf(...args: readonly string[]): Promise<readonly string[]> {
  const { stdout, stderr } = await run('--short', '--json', ...args)
  if (stdout === '') throw new Error(stderr)
  const { rows } = JSON.parse(stdout) as { readonly rows: readonly Row[] }
  return rows.map(({ fault, ran, because, violations, operations = 0, faults }) =>
    ran && operations > 0 && faults === 1
      ? `${fault}: ${violations === 0 ? 'none' : 'some'}`
      : `${fault}: ${because}`,
  )
}

/** What is expected where networks can be cut; elsewhere a case says that it was not run. */
function whereItCanRun(...expected: readonly string[]): readonly string[] {
  const ways = waysToNetwork()
  return 'because' in ways ? expected.map((one) => one.replace(/: .*/, `: ${ways.because}`)) : expected
}

test('whoever is cut off together with the primary accepts nothing beyond the fence, and no failover forgets a revocation', async () => {
  expect(await violationsOf('--only', 'F1,F6')).toEqual(whereItCanRun('F1: none', 'F6: none'))
})

test('without voters the lab sees revocations that a failover forgot', async () => {
  expect(await violationsOf('--broken', '--only', 'F1')).toEqual(whereItCanRun('F1: some'))
})

test.each([
  ['--only', 'F0', '--only: there is no F0. There are F1,'],
  ['--topology', 'raft', '--topology: there is no raft. There are '],
  ['--seed', 'dice', '--seed: write a whole number of at least 0.'],
  ['--fast', '', "Unknown option '--fast'"],
])('%s %s is refused with what to write instead', async (option, value, problem) => {
  const { code, stderr, stdout } = await run(option, ...(value === '' ? [] : [value]))
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toContain(problem)
})
