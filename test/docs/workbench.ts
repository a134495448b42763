/** A directory in which examples lie as in an application: `sojourn` is installed beside them. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileOn, ROOT } from './pages.ts'

export interface Workbench {
  readonly path: string
  write(file: string, text: string): void
  remove(): void
}

/** What the examples import from `./your-app.ts`. */
export const YOUR_APP: string = fileOn('docs/getting-started.md', 'your-app.ts')

export function workbench(): Workbench {
  const path = mkdtempSync(join(tmpdir(), 'sojourn-docs-'))
  const bench: Workbench = {
    path,
    write(file, text) {
      mkdirSync(dirname(join(path, file)), { recursive: true })
      writeFileSync(join(path, file), text)
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  }
  symlinkSync(join(ROOT, 'node_modules'), join(path, 'node_modules'))
  bench.write('package.json', JSON.stringify({ private: true, type: 'module' }))
  bench.write('your-app.ts', YOUR_APP)
  return bench
}
