// The library as it would be published: built, packed once per run into a folder that goes with the process.

import { globSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { library } from '../fences/rules.ts'
import { root } from '../workspace.mjs'
import { runs } from './run.ts'

export interface Packed {
  /** A temporary folder, removed at exit. */
  readonly folder: string
  readonly tarball: string
}

let current: Packed | undefined

/** @throws {Error} when the library cannot be built or packed. */
export function packed(): Packed {
  current ??= pack()
  return current
}

function pack(): Packed {
  const folder = mkdtempSync(join(tmpdir(), 'sojourn-packed-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  if (!runs('node', ['scripts/build.mjs'])) throw new Error('The library does not build.')
  runs('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: join(root, library.folder) })
  const [tarball] = globSync('*.tgz', { cwd: folder })
  if (!tarball) throw new Error('The library cannot be packed.')
  return { folder, tarball: join(folder, tarball) }
}
