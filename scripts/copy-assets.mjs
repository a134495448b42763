// What the compiler leaves undone in dist: it neither copies scripts of the stores (SQL, Lua) nor removes
// the output of a source that is gone. Without this a deleted file would still be tested and shipped.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const isAsset = /\.(sql|lua)$/
const isCompiled = /(\.d\.ts|\.js)(\.map)?$/

/** Copies every asset that differs from its copy, and removes every output without a source. */
export function mirrorAssets({ from, to }) {
  for (const file of filesIn(from).filter((name) => isAsset.test(name)))
    copyIfDifferent(join(from, file), join(to, file))
  for (const file of filesIn(to)) if (isOrphan(file, from)) rmSync(join(to, file))
}

function filesIn(folder) {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
}

function copyIfDifferent(source, target) {
  const content = readFileSync(source)
  if (existsSync(target) && readFileSync(target).equals(content)) return
  mkdirSync(dirname(target), { recursive: true })
  writeFileSync(target, content)
}

function isOrphan(file, from) {
  if (isAsset.test(file)) return !existsSync(join(from, file))
  return isCompiled.test(file) && !existsSync(join(from, file.replace(isCompiled, '.ts')))
}
