// What becomes of a case that cannot run, fails, or is violated; and that its end comes in any case.
import { expect, test } from 'vitest'
import { type CaseResult, type FaultCase, NotRun } from './case.ts'
import { type Conditions, isBad, runCase } from './run.ts'

const RESULT: CaseResult = { operations: 10, faults: 1, violations: 0, facts: [] }
const NETWORK = 'no network of its own can be made here'

function conditions(logged: string[] = []): Conditions {
  return { scale: 'short', seed: 1, broken: false, log: (text) => logged.push(text), noNetwork: NETWORK }
}

function caseThat(run: FaultCase['run'], needs: FaultCase['needs'] = []): FaultCase {
  return { fault: 'F0', topology: 'redis', title: 'nothing happens', needs, run }
}

test('a case that needs what is not there is not run, and says why', async () => {
  const row = await runCase(
    caseThat(() => Promise.reject(new Error('it ran')), ['namespaces']),
    conditions(),
  )
  expect(row).toMatchObject({ ran: false, because: NETWORK })
  expect(isBad(row)).toBe(false)
})

test('a case that finds out itself that it cannot run is not run', async () => {
  const row = await runCase(
    caseThat(() => Promise.reject(new NotRun('there is no compiler'))),
    conditions(),
  )
  expect(row).toMatchObject({ ran: false, because: 'there is no compiler' })
  expect(isBad(row)).toBe(false)
})

test('a case that fails is bad: nothing is known', async () => {
  const row = await runCase(
    caseThat(() => Promise.reject(new Error('no primary'))),
    conditions(),
  )
  expect(row).toMatchObject({ ran: false, failed: true, because: 'it failed: no primary' })
  expect(isBad(row)).toBe(true)
})

test.each([
  [0, false],
  [1, true],
])('%i violations', async (violations, bad) => {
  const row = await runCase(
    caseThat(async () => ({ ...RESULT, violations })),
    conditions(),
  )
  expect(row).toMatchObject({ ran: true, operations: 10, violations })
  expect(isBad(row)).toBe(bad)
})

test('what a case began ends with it, the last first, also when it failed and when an end fails', async () => {
  const ended: string[] = []
  const logged: string[] = []
  await runCase(
    caseThat(async ({ clean }) => {
      clean(() => ended.push('first'))
      clean(() => {
        throw new Error('stuck')
      })
      clean(() => ended.push('last'))
      throw new Error('no primary')
    }),
    conditions(logged),
  )
  expect(ended).toEqual(['last', 'first'])
  expect(logged.join('\n')).toContain('What a case began did not end: Error: stuck')
})
