// docs/doctor.md has a section for every finding, with what it does to the promises, and no other.
import { FINDING_CODES, meaningOf } from 'sojourn/doctor'
import { expect, it } from 'vitest'
import { page } from './pages.ts'

const { text } = page('docs/doctor.md')
const promises = page('docs/stores.md').text

it('has a section for every code, in their order', () => {
  const [, sections = ''] = text.split('\n## Findings\n')
  expect([...sections.matchAll(/^### (.*)$/gm)].map(([, code]) => code)).toEqual(FINDING_CODES)
})

it.each(FINDING_CODES)('%s says what it does, and to which promises', (code) => {
  const { severity, guarantees } = meaningOf(code)
  const numbers = guarantees.length === 0 ? '' : ` ${guarantees.join(', ')}`
  expect(text).toContain(`### ${code}\n\n**${severity}**${numbers}. `)
  for (const number of guarantees) expect(promises).toContain(`\n| ${number} | **`)
})
