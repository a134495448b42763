import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { mirrorAssets } from './copy-assets.mjs'

test('dist gets the scripts of the stores and loses what has no source', () => {
  const folder = mkdtempSync(join(tmpdir(), 'assets-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const [from, to] = [join(folder, 'src'), join(folder, 'dist')]
  for (const path of [join(from, 'stores'), join(to, 'stores')]) mkdirSync(path, { recursive: true })
  for (const name of ['stores/put.sql', 'stores/put.lua', 'kept.ts']) writeFileSync(join(from, name), '')
  for (const name of [
    'kept.js',
    'kept.d.ts',
    'kept.js.map',
    'gone.js',
    'gone.d.ts.map',
    'stores/gone.sql',
    '.tsbuildinfo',
  ]) {
    writeFileSync(join(to, name), '')
  }

  mirrorAssets({ from, to })

  const found = readdirSync(to, { recursive: true }).map(String).toSorted()
  expect(found).toEqual([
    '.tsbuildinfo',
    'kept.d.ts',
    'kept.js',
    'kept.js.map',
    'stores',
    'stores/put.lua',
    'stores/put.sql',
  ])
})
