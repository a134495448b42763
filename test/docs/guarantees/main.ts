// `node test/docs/guarantees/main.ts` checks the table of promises in docs/stores.md; `--write` renews it.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../pages.ts'
import { withGuarantees } from './table.ts'
import { topologies } from './topologies.ts'

const page = join(ROOT, 'docs/stores.md')

const before = readFileSync(page, 'utf8')
const renewed = withGuarantees(before, await topologies())
if (process.argv.includes('--write')) writeFileSync(page, renewed)
else if (before !== renewed) {
  console.error('docs/stores.md  its table is not what the stores declare\n    Fix: npm run generate')
  process.exitCode = 1
}
