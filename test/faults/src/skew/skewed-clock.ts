/** What a program's environment needs so that its wall clock is ahead, or behind. Made with the machine's C compiler. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Lab, NotRun } from '../case.ts'

const SOURCE = fileURLToPath(new URL('skewed-clock.c', import.meta.url))

/** @throws NotRun where there is no compiler, or none that can make it */
export function skewedClock(
  { clean }: Pick<Lab, 'clean'>,
  seconds: number,
): Readonly<Record<string, string>> {
  const folder = mkdtempSync(join(tmpdir(), 'sojourn-skew-'))
  clean(() => rmSync(folder, { recursive: true, force: true }))
  const library = join(folder, 'skewed-clock.so')
  const { status, error, stderr } = spawnSync('cc', ['-shared', '-fPIC', '-O1', '-o', library, SOURCE], {
    encoding: 'utf8',
  })
  if (status !== 0)
    throw new NotRun(
      `a server's clock is set by a library, which cannot be compiled here: ${error?.message ?? stderr}`,
    )
  return { LD_PRELOAD: library, SKEW_SECONDS: String(seconds) }
}
