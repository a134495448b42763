// `npm run check`: everything about the code that is decided without running its tests, in one order, each
// step under its heading, all failures summed up at the end. `npm run check -- lint types` runs some steps.

import { globSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../workspace.mjs'
import { checkConsumer } from './consumer.ts'
import { packed } from './packed.ts'
import { runs } from './run.ts'

interface Step {
  readonly name: string
  readonly what: string
  readonly passes: () => boolean
}

const steps: readonly Step[] = [
  { name: 'format', what: 'as `npm run format` writes it', passes: () => runs('biome', ['format', '.']) },
  {
    name: 'build',
    what: 'the library, for the steps below',
    passes: () => runs('node', ['scripts/build.mjs']),
  },
  { name: 'lint', what: 'type-aware', passes: () => runs('oxlint', ['--deny-warnings']) },
  { name: 'fences', what: 'who may import whom', passes: () => runs('node', ['scripts/fences/main.ts']) },
  { name: 'types', what: 'sources, tests, scripts and every workspace', passes: checkTypes },
  { name: 'exports', what: 'the packed library by publint and attw', passes: checkExports },
  {
    name: 'consumer',
    what: 'the packed library, installed without drivers',
    passes: () => checkConsumer(packed()),
  },
  { name: 'unused', what: 'files, exports and dependencies by knip', passes: () => runs('knip', []) },
]

const failed = chosenSteps().filter((step) => !passes(step))
console.log(
  failed.length === 0 ? '\nAll checks passed.' : `\nFailed: ${failed.map(({ name }) => name).join(', ')}.`,
)
process.exitCode = failed.length === 0 ? 0 : 1

function chosenSteps(): readonly Step[] {
  const names = process.argv.slice(2)
  const unknown = names.filter((name) => !steps.some((step) => step.name === name))
  if (unknown.length > 0) {
    console.error(
      `No such check: ${unknown.join(', ')}. There are ${steps.map(({ name }) => name).join(', ')}.`,
    )
    process.exit(2)
  }
  return names.length === 0 ? steps : steps.filter(({ name }) => names.includes(name))
}

function passes({ name, what, passes: run }: Step): boolean {
  console.log(`\n── ${name}: ${what}`)
  const startedAt = performance.now()
  const passed = attempt(run)
  console.log(
    `   ${passed ? 'passed' : 'FAILED'} in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`,
  )
  return passed
}

function attempt(run: () => boolean): boolean {
  try {
    return run()
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    return false
  }
}

function checkTypes(): boolean {
  const projects = globSync(
    ['scripts/tsconfig.json', '{packages,apps,test,examples}/*/package.json', 'bench/package.json'],
    {
      cwd: root,
    },
  ).map((file) => join(root, file, '..'))
  return runs('tsc', ['-b', ...projects])
}

function checkExports(): boolean {
  const { tarball } = packed()
  const published = runs('publint', ['run', tarball, '--strict'])
  return (
    runs('attw', [
      tarball,
      '--profile',
      'esm-only',
      '--format',
      'table-flipped',
      '--no-emoji',
      '--no-summary',
    ]) && published
  )
}
