// Runs before every npm script, on whatever Node the machine has (20 or newer): makes sure that
// node_modules is what package-lock.json says (which also puts Node 24 on the PATH of the script that
// follows) and, unless `--install-only`, that the library is built; with `--test-programs` also that the
// machine has the servers and the browser that tests run. Writes to stderr only, so that the stdout of
// `npm run -s races -- --json` is one document.

import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { problemWithPrograms } from './test-programs.mjs'
import { root } from './workspace.mjs'

if (!installedAsLocked()) run('Installing dependencies…', 'npm', ['ci', '--loglevel=error'])
requireNode()
if (process.argv.includes('--test-programs')) requirePrograms()
if (!process.argv.includes('--install-only')) run('', 'node', [join(root, 'scripts/build.mjs')])

function installedAsLocked() {
  const wanted = lockedPackages('package-lock.json')
  const found = lockedPackages('node_modules/.package-lock.json')
  if (!wanted || !found) return false
  const paths = Object.keys(wanted).filter((path) => path.startsWith('node_modules/'))
  const unknown = Object.keys(found).some((path) => path.startsWith('node_modules/') && !wanted[path])
  return !unknown && paths.every((path) => isInstalled(wanted[path], found[path]))
}

function lockedPackages(file) {
  try {
    return JSON.parse(readFileSync(join(root, file), 'utf8')).packages
  } catch {
    return undefined
  }
}

// An optional package that is absent was built for another platform.
function isInstalled(wanted, found) {
  if (!found) return wanted.optional === true
  return (
    wanted.version === found.version && wanted.integrity === found.integrity && wanted.link === found.link
  )
}

function requireNode() {
  const version = runtime('node', ['--version'], 'pipe').stdout.toString().trim()
  const [major = 0, minor = 0] = version.slice(1).split('.').map(Number)
  if (major > 22 || (major === 22 && minor >= 18)) return
  fail(
    `This repository runs its TypeScript sources directly and needs Node 22.18 or newer; found ${version}.`,
  )
}

function requirePrograms() {
  const problem = problemWithPrograms()
  if (problem) fail(problem)
}

function run(title, command, args) {
  if (title) process.stderr.write(`${title}\n`)
  const { status, error } = runtime(command, args, ['ignore', 2, 2])
  if (error) fail(`${command} could not be started: ${error.message}`)
  if (status !== 0) process.exit(status ?? 1)
}

function runtime(command, args, stdio) {
  const bin = join(root, 'node_modules/.bin')
  const path = existsSync(bin) ? `${bin}${delimiter}${process.env.PATH}` : process.env.PATH
  return spawnSync(command, args, { cwd: root, stdio, env: { ...process.env, PATH: path } })
}

function fail(message) {
  process.stderr.write(`${message}\n`)
  process.exit(1)
}
