import { describe, expect, it, test } from 'vitest'
import { STORE_RULES } from 'sojourn/testing'
import { page } from '../pages.ts'
import { PROMISES } from './judgements.ts'
import { withGuarantees } from './table.ts'
import { type Topology, topologies } from './topologies.ts'

const FIRM: Topology = {
  name: 'a store',
  isRemote: true,
  failsOver: true,
  keeps: true,
  isFenced: true,
  traits: { name: 'a store', writeClasses: ['fast', 'replicated'], shared: true, deviations: [] },
}

function broken(topology: Topology): readonly number[] {
  return PROMISES.filter(({ judge }) => !judge(topology).holds).map(({ number }) => number)
}

function deviating(rule: string): Topology {
  return { ...FIRM, traits: { ...FIRM.traits, deviations: [{ rule, because: 'It cannot.' }] } }
}

describe('a promise does not hold', () => {
  it.each([
    ['STORE-13', [3]],
    ['STORE-17', [7]],
    ['STORE-33', [8]],
    ['STORE-38', [9, 11]],
    ['STORE-05', [13]],
    ['STORE-08', [1]],
  ])('where a store deviates from %s', (rule, numbers) => {
    expect(broken(deviating(rule))).toEqual(numbers)
  })

  it('where a failover may forget what was acknowledged', () => {
    expect(broken({ ...FIRM, traits: { ...FIRM.traits, writeClasses: ['fast'] } })).toEqual([1, 3, 4, 9])
  })

  it('where nobody can tell that a server was replaced', () => {
    expect(broken({ ...FIRM, isFenced: false })).toEqual([2])
  })
})

test('all promises hold where nothing is given up', () => {
  expect(broken(FIRM)).toEqual([])
})

test('a copy that is late breaks no promise, and says so', () => {
  expect(PROMISES[0]?.judge(deviating('STORE-56'))).toEqual({ holds: true, because: 'It cannot.' })
})

test('every rule that is declared is one of the kit', async () => {
  const declared = (await topologies()).flatMap(({ traits }) => traits.deviations.map(({ rule }) => rule))
  const known = STORE_RULES.map(({ id }) => id)
  expect(declared.length).toBeGreaterThan(0)
  expect(declared.filter((rule) => !known.includes(rule))).toEqual([])
})

test('the page says what the stores declare (npm run generate)', async () => {
  const { text } = page('docs/stores.md')
  expect(text).toBe(withGuarantees(text, await topologies()))
})

test('the table names each reason once, and stands between its markers', () => {
  const text = withGuarantees('a\n<!-- guarantees:start -->\nstale\n<!-- guarantees:end -->\nb', [
    FIRM,
    { ...deviating('STORE-38'), name: 'another' },
  ])
  expect(text).toMatch(/^a\n<!-- guarantees:start -->\n\n\| # \| promise \| a store \| another \|/)
  expect(text.match(/^- \([a-z]\) It cannot\.$/gm)).toHaveLength(1)
  expect(text).toContain('- STORE-38, another: It cannot.')
  expect(text).not.toContain('stale')
  expect(() => withGuarantees('no markers', [FIRM])).toThrow(/markers/)
})
