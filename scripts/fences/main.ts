// `node scripts/fences/main.ts` checks every source and the table in ARCHITECTURE.md; `--write` renews the table.

import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { root } from '../workspace.mjs'
import { checkSource, formatViolation, type SourceFile } from './check.ts'
import { library } from './rules.ts'
import { withTable } from './table.ts'

const architecture = join(root, 'ARCHITECTURE.md')

const renewed = withTable(readFileSync(architecture, 'utf8'))
if (process.argv.includes('--write')) writeFileSync(architecture, renewed)
process.exitCode = report([...violations(), ...staleTable()])

function violations(): readonly string[] {
  const options = { entries: publicEntries() }
  return sourceFiles().flatMap((file) => checkSource(file, options).map(formatViolation))
}

function staleTable(): readonly string[] {
  if (readFileSync(architecture, 'utf8') === renewed) return []
  return ['ARCHITECTURE.md  its table is not what scripts/fences/rules.ts says\n    Fix: npm run generate']
}

function sourceFiles(): readonly SourceFile[] {
  const exclude = (name: string): boolean => /(^|[\\/])(node_modules|dist)$/.test(name)
  return globSync('{packages,apps,bench,examples,test,scripts}/**/*.{ts,tsx,mts,js,mjs}', {
    cwd: root,
    exclude,
  })
    .map((file) => ({ path: file.split(sep).join('/'), text: readFileSync(join(root, file), 'utf8') }))
    .toSorted((a, b) => (a.path < b.path ? -1 : 1))
}

function publicEntries(): readonly string[] {
  const manifest = JSON.parse(readFileSync(join(root, library.folder, 'package.json'), 'utf8'))
  return Object.keys(manifest.exports).map((entry) => `${library.name}${entry.slice(1)}`)
}

function report(problems: readonly string[]): number {
  for (const problem of problems) console.error(problem)
  console.error(problems.length === 0 ? 'The fences hold.' : `${problems.length} violations.`)
  return problems.length === 0 ? 0 : 1
}
