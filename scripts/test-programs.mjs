// The programs that tests run and npm does not bring: servers, a browser. On Debian they are installed when
// this process may do so; elsewhere it says what to install. Plain JavaScript for Node 20 or newer.

import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { hasLeftovers } from './debian-packages.mjs'

/** By the Debian package that has it. */
export const TEST_PROGRAMS = {
  chromium: 'chromium',
  haproxy: 'haproxy',
  memcached: 'memcached',
  nginx: 'nginx',
  openssl: 'openssl',
  prometheus: 'promtool',
  'redis-server': 'redis-server',
}

const LOCK = '/run/lock/sojourn-test-programs'
const INSTALLER = fileURLToPath(new URL('debian-packages.mjs', import.meta.url))

/** What stands in the way of the tests, as a text for whoever runs them; `undefined` when nothing does. */
export function problemWithPrograms(programs = TEST_PROGRAMS) {
  const missing = missingPackages(programs)
  if (missing.length === 0 && !(mayInstall() && hasLeftovers())) return undefined
  if (!mayInstall()) return whatToInstall(missing)
  if (missing.length > 0)
    process.stderr.write(`Installing ${missing.join(', ')} from Debian, without starting any service…\n`)
  spawnSync('flock', [LOCK, process.execPath, INSTALLER, ...missing], { stdio: ['ignore', 2, 2] })
  const still = missingPackages(programs)
  return still.length === 0 ? undefined : whatToInstall(still)
}

/** Packages whose program is nowhere to be found. Servers are in directories that not everybody has on the PATH. */
export function missingPackages(programs, path = process.env.PATH ?? '') {
  const folders = [...path.split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin']
  return Object.keys(programs).filter(
    (name) => !folders.some((folder) => existsSync(join(folder, programs[name]))),
  )
}

export function whatToInstall(packages) {
  const names = packages.join(' ')
  return [
    `The tests run real servers and a real browser, and this machine lacks: ${packages.join(', ')}.`,
    `On Debian, run \`npm test\` once as root, or: apt-get install --no-install-recommends ${names}`,
    'That starts the servers; `systemctl disable --now` them. On other systems install what has these programs.',
  ].join('\n')
}

function mayInstall() {
  return process.getuid?.() === 0 && isDebian() && existsSync('/usr/bin/flock')
}

function isDebian() {
  try {
    return /^ID=debian$/m.test(readFileSync('/etc/os-release', 'utf8'))
  } catch {
    return false
  }
}
