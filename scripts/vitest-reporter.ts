// Ends a run with the line `N passed, N failed` as the last thing on stdout. A file that could
// not be loaded, a failed hook and an error outside any test count as failures; a run in which no test passed is one too.

import type { Reporter, TestModule } from 'vitest/node'

interface Tally {
  passed: number
  failed: number
}

export default class TallyReporter implements Reporter {
  readonly #tally: Tally = { passed: 0, failed: 0 }

  onInit(): void {
    process.once('exit', () => printLast(this.#tally))
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    this.#tally.passed = 0
    this.#tally.failed = unhandledErrors.length
    for (const module of modules) addModule(this.#tally, module)
  }
}

function addModule(tally: Tally, module: TestModule): void {
  for (const group of [module, ...module.children.allSuites()]) {
    if (group.errors().length > 0) tally.failed += 1
  }
  for (const test of module.children.allTests()) {
    const { state } = test.result()
    if (state === 'passed') tally.passed += 1
    if (state === 'failed') tally.failed += 1
  }
}

function printLast({ passed, failed }: Tally): void {
  if (failed > 0 || passed === 0) process.exitCode ||= 1
  process.stdout.write(`${passed} passed, ${failed} failed\n`)
}
