/** A directory in which an example lies as in an application: `sojourn` is installed beside it. */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { ROOT } from './pages.ts'

export interface Workbench {
  readonly path: string
  write(file: string, text: string): void
  remove(): void
}

export function workbench(): Workbench {
  const path = mkdtempSync(join(tmpdir(), 'sojourn-docs-'))
  symlinkSync(join(ROOT, 'node_modules'), join(path, 'node_modules'))
  copyFileSync(new URL('./your-app.fixture.ts', import.meta.url), join(path, 'your-app.ts'))
  writeFileSync(join(path, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
  return {
    path,
    write(file, text) {
      mkdirSync(dirname(join(path, file)), { recursive: true })
      writeFileSync(join(path, file), text)
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  }
}
