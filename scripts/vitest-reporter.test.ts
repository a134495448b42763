import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { root } from './workspace.mjs'

const passing = `test('passes', () => {})`
const failing = `test('fails', () => { throw new Error('on purpose') })`
const brokenHook = `describe('hook', () => { beforeAll(() => { throw new Error('on purpose') }); test('never', () => {}) })`

test.each([
  ['passing tests', `${passing}\n${passing}`, '2 passed, 0 failed', 0],
  ['a failing test', `${passing}\n${failing}`, '1 passed, 1 failed', 1],
  ['a failing hook', `${passing}\n${brokenHook}`, '1 passed, 1 failed', 1],
  ['a file that cannot be loaded', `import './absent.ts'`, '0 passed, 1 failed', 1],
  [
    'an error outside any test',
    `${passing}\nvoid Promise.reject(new Error('on purpose'))`,
    '1 passed, 1 failed',
    1,
  ],
  ['no test that ran', `describe.todo('later')`, '0 passed, 0 failed', 1],
])('%s', { timeout: 30_000 }, (_, source, lastLine, status) => {
  const folder = mkdtempSync(join(root, 'node_modules/.vitest-reporter-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(
    join(folder, 'sample.check.ts'),
    `import { beforeAll, describe, test } from 'vitest'\nvoid beforeAll\n${source}\n`,
  )
  const config = `export default { test: { include: ['*.check.ts'], reporters: ['default', ${JSON.stringify(join(root, 'scripts/vitest-reporter.ts'))}] } }`
  writeFileSync(join(folder, 'vitest.config.ts'), config)

  const run = spawnSync(
    process.execPath,
    [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--root', folder],
    { encoding: 'utf8' },
  )

  expect(run.stdout.trimEnd().split('\n').at(-1)).toBe(lastLine)
  expect(run.stdout.endsWith('failed\n')).toBe(true)
  expect(run.status).toBe(status)
})
