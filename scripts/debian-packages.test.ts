import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { hasLeftovers, install } from './debian-packages.mjs'

const OWN_POLICY = '#!/bin/sh\nexit 104\n'

interface Machine {
  readonly system: Parameters<typeof install>[1] & object
  /** The commands that ran, without their options. */
  readonly ran: () => readonly string[]
  readonly policy: () => string | undefined
  readonly write: (name: string, text: string) => void
}

/** A machine whose apt notes what it was asked and what the policy said meanwhile, and brings nginx. */
function machine(apt = ''): Machine {
  const folder = mkdtempSync(join(tmpdir(), 'sojourn-packages-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = (name: string): string => join(folder, name)
  mkdirSync(file('init.d'))
  const write = (name: string, text: string): void => {
    writeFileSync(file(name), text)
    chmodSync(file(name), 0o755)
  }
  write(
    'apt-get',
    `#!/bin/sh
shift 6
echo "apt-get $*" >>${folder}/log
${apt}
[ "$1" = install ] || exit 0
${folder}/policy-rc.d nginx start; echo "policy $?" >>${folder}/log
touch ${folder}/init.d/nginx
`,
  )
  write('update-rc.d', `#!/bin/sh\necho "update-rc.d $*" >>${folder}/log\n`)
  return {
    system: {
      policy: file('policy-rc.d'),
      services: file('init.d'),
      environment: { PATH: `${folder}:${process.env['PATH']}` },
    },
    ran: () => (existsSync(file('log')) ? readFileSync(file('log'), 'utf8').trim().split('\n') : []),
    policy: () => (existsSync(file('policy-rc.d')) ? readFileSync(file('policy-rc.d'), 'utf8') : undefined),
    write,
  }
}

test('a server that is installed may not start, now or at boot', () => {
  const { system, ran, policy } = machine()
  expect(install(['nginx', 'openssl'], system)).toBe(true)
  expect(ran()).toEqual([
    'apt-get --simulate install --no-install-recommends nginx openssl',
    'apt-get install --no-install-recommends nginx openssl',
    'policy 101',
    'update-rc.d nginx disable',
  ])
  expect(policy()).toBe(undefined)
})

test('a service that was there before stays as it was', () => {
  const { system, ran, write } = machine()
  write('init.d/nginx', '')
  expect(install(['nginx'], system)).toBe(true)
  expect(ran().filter((line) => line.startsWith('update-rc.d'))).toEqual([])
})

test.each(['', 'exit 1'])('the policy of the machine is back afterwards (apt: %j)', (apt) => {
  vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  onTestFinished(() => void vi.restoreAllMocks())
  const { system, policy, write } = machine(apt)
  write('policy-rc.d', OWN_POLICY)
  expect(install(['nginx'], system)).toBe(apt === '')
  expect(policy()).toBe(OWN_POLICY)
  expect(spawnSync(system.policy).status).toBe(104)
  expect(hasLeftovers(system)).toBe(false)
})

test.each([OWN_POLICY, undefined])('what a killed run left behind is put right (policy: %j)', (own) => {
  const killed = machine('kill -9 $PPID')
  if (own !== undefined) killed.write('policy-rc.d', own)
  const script = `import { install } from ${JSON.stringify(import.meta.resolve('./debian-packages.mjs'))}
install(['nginx'], ${JSON.stringify(killed.system)})`
  expect(spawnSync(process.execPath, ['--input-type=module', '--eval', script]).signal).toBe('SIGKILL')
  expect(killed.policy()).not.toBe(own)
  expect(hasLeftovers(killed.system)).toBe(true)
  expect(install([], killed.system)).toBe(true)
  expect(killed.policy()).toBe(own)
  expect(hasLeftovers(killed.system)).toBe(false)
})

test('the lists of packages are renewed when they do not know a package', () => {
  const { system, ran } = machine('[ "$1" = --simulate ] && exit 100')
  expect(install(['nginx'], system)).toBe(true)
  expect(ran().slice(0, 3)).toEqual([
    'apt-get --simulate install --no-install-recommends nginx',
    'apt-get update',
    'apt-get install --no-install-recommends nginx',
  ])
})

test('apt is heard when it fails, and only then', () => {
  const said: unknown[] = []
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => said.push(text) > 0)
  onTestFinished(() => void vi.restoreAllMocks())
  expect(install(['nginx'], machine('echo a lot').system)).toBe(true)
  expect(said).toEqual([])
  expect(install(['nginx'], machine('echo no network >&2; exit 100').system)).toBe(false)
  expect(said).toEqual(['no network\n'])
})
