import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { missingPackages, whatToInstall } from './test-programs.mjs'

test('a package is missing when its program is in no folder of the path', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sojourn-programs-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const folders = [join(folder, 'one'), join(folder, 'two')]
  for (const path of folders) mkdirSync(path)
  writeFileSync(join(folder, 'two', 'certutil'), '')
  chmodSync(join(folder, 'two', 'certutil'), 0o755)
  const programs = { 'libnss3-tools': 'certutil', nothing: 'no-such-program' }
  expect(missingPackages(programs, folders.join(delimiter))).toEqual(['nothing'])
  expect(missingPackages(programs, folders[0])).toEqual(['libnss3-tools', 'nothing'])
})

test('whoever may not install is told what to install', () => {
  expect(whatToInstall(['nginx', 'haproxy'])).toContain(
    'apt-get install --no-install-recommends nginx haproxy\n',
  )
})
