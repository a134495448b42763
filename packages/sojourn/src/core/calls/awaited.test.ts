import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const SLOW = 60_000

describe('a script that awaits nothing else goes on until', () => {
  it.each([
    ['conflict', '0', 'a change that met others’ writes is done'],
    ['hang', 'DEADLINE_EXCEEDED', 'a store that does not answer is given up'],
  ])('%s: %s', { timeout: SLOW }, async (task, printed) => {
    expect(await run(task)).toEqual({ code: 0, printed })
  })

  it('there is an answer, and is kept by nothing then', { timeout: SLOW }, async () => {
    expect(await run('answered')).toEqual({ code: 0, printed: '0' })
  })
})

async function run(task: string): Promise<{ code: number; printed: string }> {
  const script = fileURLToPath(new URL('../process.fixture.ts', import.meta.url))
  const types = process.features.typescript ? [] : ['--experimental-strip-types']
  const flags = ['--disable-warning=ExperimentalWarning', ...types]
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [...flags, script, task])
    return { code: 0, printed: stdout.trim() }
  } catch (error) {
    const { code, stdout } = error as { readonly code: number; readonly stdout: string }
    return { code, printed: stdout.trim() }
  }
}
