/** A short part of the cases behind one Redis: nothing is violated, and what is void is seen to be. */
import { expect, onTestFinished, test } from 'vitest'
import type { FaultCase, Lab } from '../case.ts'
import { proxyCases } from './proxy.ts'

function named(fault: string): FaultCase {
  const found = proxyCases.find((one) => one.fault === fault)
  if (found === undefined) throw new Error(`There is no case ${fault}.`)
  return found
}

function lab(broken = false): Lab {
  return {
    scale: 'short',
    seed: 1,
    broken,
    clean: (up) => onTestFinished(async () => void (await up())),
    log: () => {},
  }
}

test('half of the news of changes is lost: no copy is used beyond its lease, and a longer lease is seen', async () => {
  const messagesLost = named('F10')
  expect(await messagesLost.run(lab())).toMatchObject({ violations: 0 })
  const { violations, worstLatenessMs } = await messagesLost.run(lab(true))
  expect(violations).toBeGreaterThan(0)
  expect(worstLatenessMs).toBeGreaterThan(0)
})

test.each(['F13', 'F30'])('%s: nothing is violated', async (fault) => {
  const result = await named(fault).run(lab())
  expect(result.facts.filter((fact) => /: [1-9]\d* of /.test(fact))).toEqual([])
  expect(result.violations).toBe(0)
  expect(result.operations).toBeGreaterThan(100)
})
