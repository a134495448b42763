/**
 * Where measured stores keep their files: in memory where the machine offers that, because what is measured is the
 * CPU and not the disk. `BENCH_DIRECTORY` names another place; its disk then shows in the wall time.
 */
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const IN_MEMORY = '/dev/shm'

export const SCRATCH: string =
  process.env['BENCH_DIRECTORY'] ?? (existsSync(IN_MEMORY) ? IN_MEMORY : tmpdir())

/** For `mkdtemp`. */
export const SCRATCH_PREFIX: string = join(SCRATCH, 'sojourn-bench-')
