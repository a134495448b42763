/** Typed data through every adapter: without telling the compiler anything, and after telling it once. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const compiler = fileURLToPath(new URL('../../node_modules/typescript/bin/tsc', import.meta.url))

test.each([
  ['`of` and `c.var` are typed by themselves', 'adapters'],
  ['`request.session` and `ctx.session` are, once it is said what they are', 'augmented'],
])('%s', { timeout: 120_000 }, (_, folder) => {
  const project = fileURLToPath(new URL(`./types/${folder}/tsconfig.json`, import.meta.url))
  const { stdout, status } = spawnSync(process.execPath, [compiler, '-p', project], { encoding: 'utf8' })
  expect(stdout).toBe('')
  expect(status).toBe(0)
})
