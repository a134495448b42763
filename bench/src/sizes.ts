/** What size does: stores with few and with very many sessions, one after another, in processes of their own. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { PER_USER } from './sizes/filling.ts'
import type { Found, Task } from './sizes/process.ts'

export interface SizeRow extends Found {
  readonly path: string
  readonly system: string
  readonly sessions: number
  readonly users: number
}

const SIZES = [
  { store: 'memory', sessions: 10_000 },
  { store: 'memory', sessions: 200_000 },
  { store: 'sqlite', sessions: 10_000 },
  { store: 'sqlite', sessions: 1_000_000 },
] as const

/** Files are on a disk here: a million sessions need not fit into memory. */
export const SIZES_DIRECTORY: string = process.env['BENCH_DIRECTORY'] ?? tmpdir()

export async function measureSizes(onProgress: (text: string) => void): Promise<readonly SizeRow[]> {
  const rows: SizeRow[] = []
  for (const { store, sessions } of SIZES) {
    onProgress(`${store}, ${sessions} sessions`)
    const found = await measured(store, sessions)
    rows.push({ path: `size/${store}`, system: 'sojourn', sessions, users: sessions / PER_USER, ...found })
  }
  return rows
}

async function measured(store: 'memory' | 'sqlite', sessions: number): Promise<Found> {
  const directory = await mkdtemp(join(SIZES_DIRECTORY, 'sojourn-sizes-'))
  try {
    if (store === 'memory') return await run({ work: 'memory', sessions, directory })
    const filled = await run({ work: 'fillFile', sessions, directory })
    return { ...filled, ...(await run({ work: 'useFile', sessions, directory })) }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function run(task: Task): Promise<Found> {
  const main = fileURLToPath(new URL('./sizes/process.ts', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', main, JSON.stringify(task)])
  return JSON.parse(stdout) as Found
}
