// Installs Debian packages of servers without letting them run: Debian starts a server when it is installed
// and at every boot, on all addresses, and tests want programs only. Run as root, with the names of packages;
// `test-programs.mjs` does so under a lock. Says something only when it fails, on stderr.

import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

// The answer 101 forbids what invoke-rc.d is about to do (its manual, section "policy-rc.d").
const FORBIDS_STARTS =
  '#!/bin/sh\n# Stands here only while the tests of Sojourn install packages.\nexit 101\n'

/** Where Debian asks whether a service may start, and where its services are. */
const SYSTEM = { policy: '/usr/sbin/policy-rc.d', services: '/etc/init.d', environment: process.env }

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  // Whoever interrupts apt still gets the policy back.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {})
  if (!install(process.argv.slice(2))) process.exitCode = 1
}

/**
 * Leaves each service that came with the packages stopped and off at boot, and the machine's own policy as it
 * was, also when the installation fails: false then. Without packages it only puts back what a killed run left.
 */
export function install(packages, system = SYSTEM) {
  const { policy, services } = system
  const added = packages.filter((name) => !existsSync(join(services, name)))
  const done = whileStartsAreForbidden(policy, () => packages.length === 0 || installed(packages, system))
  for (const name of added)
    if (existsSync(join(services, name))) run('update-rc.d', [name, 'disable'], system)
  return done
}

/** Whether a run was killed before it could put the machine's policy back. */
export function hasLeftovers({ policy } = SYSTEM) {
  return existsSync(keptAs(policy)) || isOurs(policy)
}

function whileStartsAreForbidden(policy, act) {
  const kept = keptAs(policy)
  if (existsSync(policy) && !isOurs(policy)) renameSync(policy, kept)
  writeFileSync(policy, FORBIDS_STARTS, { mode: 0o755 })
  try {
    return act()
  } finally {
    rmSync(policy)
    if (existsSync(kept)) renameSync(kept, policy)
  }
}

function keptAs(policy) {
  return `${policy}.before-sojourn`
}

function isOurs(policy) {
  return existsSync(policy) && readFileSync(policy, 'utf8') === FORBIDS_STARTS
}

/** The lists of packages are renewed only when they do not know one, or know one that is gone. */
function installed(packages, system) {
  const command = ['install', '--no-install-recommends', ...packages]
  if (aptGet(['--simulate', ...command], system).done && aptGet(command, system).done) return true
  const updated = aptGet(['update'], system)
  const last = updated.done ? aptGet(command, system) : updated
  if (!last.done) process.stderr.write(last.said)
  return last.done
}

function aptGet(args, system) {
  const options = ['-qq', '-y', '-o', 'DPkg::Lock::Timeout=600', '-o', 'Acquire::Retries=3']
  return run('apt-get', [...options, ...args], system)
}

function run(command, args, { environment }) {
  const env = {
    ...environment,
    PATH: `${environment.PATH}:/usr/local/sbin:/usr/sbin:/sbin`,
    DEBIAN_FRONTEND: 'noninteractive',
  }
  const { status, error, stdout, stderr } = spawnSync(command, args, { env, encoding: 'utf8' })
  return { done: status === 0, said: error?.message ?? stdout + stderr }
}
