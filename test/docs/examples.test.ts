// Every TypeScript block of the documentation compiles, strictly, against the built library.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { type Block, blocks, pages, ROOT } from './pages.ts'
import { workbench, YOUR_APP } from './workbench.ts'

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
}

const bench = workbench()
const examples = pages().flatMap((page) => blocks(page, 'ts'))

/** Koa's and Hono's own types do not check. */
const [loose, strict] = [
  examples.filter(needsLooseTypes),
  examples.filter((block) => !needsLooseTypes(block)),
]

afterAll(() => bench.remove())

it('is found: there are examples on all pages that explain use', () => {
  const withExamples = new Set(examples.map(({ page }) => page))
  const explaining = ['README.md', 'packages/sojourn/README.md']
  const inDocs =
    'csrf getting-started live-connections load-balancers metrics modes options proxies redis/ioredis redis/node-redis response-headers sessions stores testing'
  const expected = [...explaining, ...inDocs.split(' ').map((name) => `docs/${name}.md`)]
  expect([...withExamples]).toEqual(expect.arrayContaining(expected))
})

describe('compiles', { timeout: 60_000 }, () => {
  it('with every declaration file that is imported', () => {
    expect(complaints('strict', { skipLibCheck: false, examples: strict })).toEqual([])
  })

  it('with frameworks whose own types do not check', () => {
    expect(complaints('loose', { skipLibCheck: true, examples: loose })).toEqual([])
  })
})

function needsLooseTypes({ page }: Block): boolean {
  return examples.some((other) => other.page === page && /from '(koa|hono)'/.test(other.code))
}

interface Program {
  readonly skipLibCheck: boolean
  readonly examples: readonly Block[]
}

/** Each page has a folder, in which its files find each other. */
function complaints(folder: string, program: Program): readonly string[] {
  const origins = new Map<string, string>()
  const compilerOptions = { ...COMPILER_OPTIONS, skipLibCheck: program.skipLibCheck }
  bench.write(`${folder}/tsconfig.json`, JSON.stringify({ compilerOptions }))
  bench.write(`${folder}/context.d.ts`, readFileSync(join(ROOT, 'test/docs/context.d.ts'), 'utf8'))
  program.examples.forEach((example, index) => {
    const place = example.page.replaceAll('/', '-')
    const file = `${place}/${example.file ?? `example-${index}.ts`}`
    origins.set(file, example.page)
    bench.write(`${folder}/${place}/your-app.ts`, YOUR_APP)
    bench.write(`${folder}/${file}`, placed(example))
  })
  return compiled(join(bench.path, folder)).map((line) =>
    line.replace(/^[^(]+/, (file) => origins.get(file) ?? file),
  )
}

/** On the same line as on its page, so that a complaint names a place in the documentation. */
function placed({ code, line }: Block): string {
  return '\n'.repeat(line - 1) + code
}

function compiled(folder: string): readonly string[] {
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
  const { stdout, stderr, status } = spawnSync(process.execPath, [tsc, '-p', folder, '--pretty', 'false'], {
    cwd: folder,
    encoding: 'utf8',
  })
  return status === 0 ? [] : `${stdout}${stderr}`.trim().split('\n')
}
