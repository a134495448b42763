/** `standards.json`: which test shows which requirement of the standards. A *must* has one, or says why not. */
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

interface Row {
  readonly priority: 'M' | 'S' | 'D'
  readonly about: string
  /** `file > words of the test's title`. */
  readonly tests?: readonly string[]
  readonly notYet?: string
  readonly doesNotApply?: string
}

const root = fileURLToPath(new URL('../../', import.meta.url))
const rows = Object.entries(
  JSON.parse(readFileSync(new URL('./standards.json', import.meta.url), 'utf8')) as Readonly<
    Record<string, Row>
  >,
)

test('every row of A to G, and H1 and H2, is here', () => {
  const last = { A: 9, B: 13, C: 11, D: 9, E: 4, F: 4, G: 8, H: 2 }
  const wanted = Object.entries(last).flatMap(([section, count]) =>
    Array.from({ length: count }, (_, index) => `${section}${index + 1}`),
  )
  expect(rows.map(([id]) => id)).toEqual(wanted)
})

test.each(rows.filter(([, { priority }]) => priority === 'M'))(
  '%s, a must, is met by a test or says why not',
  (_, row) => {
    const reason = row.notYet ?? row.doesNotApply ?? ''
    expect((row.tests ?? []).length > 0 || reason.length >= 40).toBe(true)
  },
)

describe('a test that a row names exists', () => {
  const named = rows.flatMap(([id, { tests = [] }]) => tests.map((name): [string, string] => [id, name]))

  test.each(named)('%s: %s', (_, name) => {
    const [file = '', ...title] = name.split(' > ')
    expect([file, existsSync(root + file)]).toEqual([file, true])
    expect(readFileSync(root + file, 'utf8')).toContain(title.join(' > '))
  })
})
