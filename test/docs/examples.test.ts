// Every TypeScript block of the documentation compiles, strictly, against the built library.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { type Block, blocks, pages, ROOT } from './pages.ts'
import { workbench } from './workbench.ts'

const COMPILER_OPTIONS = {
  target: 'es2023',
  lib: ['es2024'],
  types: ['node'],
  module: 'nodenext',
  moduleDetection: 'force',
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  allowImportingTsExtensions: true,
  noEmit: true,
  skipLibCheck: false,
}
const bench = workbench()
const examples = pages().flatMap((page) => blocks(page, 'ts'))

afterAll(() => bench.remove())

it('is found: there are examples on all pages that explain use', () => {
  const withExamples = new Set(examples.map(({ page }) => page))
  const explaining = ['README.md', 'SECURITY.md', 'packages/sojourn/README.md']
  const inDocs = ['options', 'sessions', 'stores', 'testing'].map((name) => `docs/${name}.md`)
  expect([...withExamples]).toEqual(expect.arrayContaining([...explaining, ...inDocs]))
})

it('compiles', { timeout: 60_000 }, () => {
  bench.write('tsconfig.json', JSON.stringify({ compilerOptions: COMPILER_OPTIONS, include: ['*.ts'] }))
  bench.write('context.d.ts', readFileSync(join(ROOT, 'test/docs/context.d.ts'), 'utf8'))
  examples.forEach((example, index) => bench.write(`example-${index}.ts`, placed(example)))
  expect(complaints()).toEqual([])
})

/** On the same line as on its page, so that a complaint names a place in the documentation. */
function placed({ code, line }: Block): string {
  return '\n'.repeat(line - 1) + code
}

function complaints(): readonly string[] {
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [tsc, '-p', bench.path, '--pretty', 'false'],
    {
      cwd: bench.path,
      encoding: 'utf8',
    },
  )
  if (status === 0) return []
  return `${stdout}${stderr}`
    .trim()
    .split('\n')
    .map((line) =>
      line.replace(/^example-(\d+)\.ts/, (_, index: string) => examples[Number(index)]?.page ?? '?'),
    )
}
