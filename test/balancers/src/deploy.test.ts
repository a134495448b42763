/** The files of `deploy/`, by the programs that read them. */
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { freePorts, startHaproxy, startNginx } from 'sojourn-test-programs'
import { AFFINITIES, BALANCERS, startBalancer } from './balancers.ts'
import { createBrowser } from './visitor.ts'

const DEPLOY = fileURLToPath(new URL('../../../deploy', import.meta.url))
const SYSTEMD = '/usr/bin/systemd-analyze'

/** A folder for the time of the test. */
function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'sojourn-deploy-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  return path
}

test.each(BALANCERS.flatMap((balancer) => AFFINITIES.map((affinity) => [balancer, affinity] as const)))(
  '%s reads its file with affinity %s, and refuses to show /ready or to speak plain HTTP',
  async (name, affinity) => {
    const balancer = await startBalancer(name, { affinity, ports: await freePorts(3) })
    onTestFinished(balancer.stop)
    const { ask, close } = createBrowser({ balancer, from: '127.0.0.1' })
    expect((await ask('GET', '/ready')).status).toBe(404)
    // Nobody is there.
    expect([502, 503]).toContain((await ask('GET', '/me')).status)
    close()
    const plain = await fetch(`http://127.0.0.1:${balancer.plain}/me?a=b`, { redirect: 'manual' })
    expect(plain.status).toBe(308)
    expect(plain.headers.get('location')).toBe(
      name === 'nginx' ? 'https://127.0.0.1/me?a=b' : `https://127.0.0.1:${balancer.plain}/me?a=b`,
    )
  },
)

test('a file with a mistake is refused, so the others were read', async () => {
  await expect(startNginx({ config: () => 'upstream shop { sticky_by_magic; }' })).rejects.toThrow(
    'sticky_by_magic',
  )
  await expect(startHaproxy({ config: () => 'backend shop\n  cooky shop' })).rejects.toThrow('cooky')
})

const unit = (path: string): string =>
  readFileSync(join(DEPLOY, 'systemd/shop@.service'), 'utf8').replaceAll(/\/usr\/bin\/(node|curl)/g, path)

function complaints(text: string): string {
  const path = join(folder(), 'shop@1.service')
  writeFileSync(path, text)
  const { stdout, stderr } = spawnSync(SYSTEMD, ['verify', path], { encoding: 'utf8' })
  // What is said of other units is their business.
  return `${stdout}${stderr}`
    .split('\n')
    .filter((line) => line.includes('shop@'))
    .join('\n')
}

// Not every machine that runs the tests runs systemd.
test.runIf(existsSync(SYSTEMD))('systemd-analyze finds nothing in the unit, and would say so', () => {
  expect(complaints(unit(process.execPath))).toBe('')
  expect(complaints(unit(process.execPath).replace('KillMode=', 'KillMood='))).toContain('KillMood')
  expect(complaints(unit('/nowhere'))).toContain('/nowhere')
})

test('restart-all.sh restarts one after the other, and stops at the first that does not come up', () => {
  const path = folder()
  const said = join(path, 'said')
  const script = (broken: string): string => `#!/bin/sh
echo "$(basename "$0") $*" >> ${said}
case "$*" in *${broken}) exit 1 ;; esac
`
  const run = (broken: string): { readonly status: number | null; readonly lines: readonly string[] } => {
    writeFileSync(said, '')
    for (const program of ['systemctl', 'sleep']) {
      writeFileSync(join(path, program), script(broken))
      chmodSync(join(path, program), 0o755)
    }
    const { status } = spawnSync('sh', [join(DEPLOY, 'systemd/restart-all.sh')], {
      env: { PATH: `${path}:${process.env['PATH']}` },
    })
    return { status, lines: readFileSync(said, 'utf8').trim().split('\n') }
  }
  const all = [1, 2, 3].flatMap((number) => [`systemctl restart shop@${number}`, 'sleep 5'])
  expect(run('nothing')).toEqual({ status: 0, lines: all })
  expect(run('shop@2')).toEqual({ status: 1, lines: all.slice(0, 3) })
})

test('the pauses fit: nginx leaves a process alone for less than lies between two restarts', () => {
  const read = (path: string): string => readFileSync(join(DEPLOY, '..', path), 'utf8')
  const number = (text: string, pattern: RegExp): number => Number(pattern.exec(text)?.[1])
  const nginx = read('deploy/nginx/shop.conf')
  const failTimeout = number(nginx, /fail_timeout=(\d+)s/)
  const keptIdle = number(nginx, /keepalive_timeout (\d+)s/)
  const draining = read('examples/common/draining.ts')
  expect(failTimeout).toBeLessThan(number(read('deploy/systemd/restart-all.sh'), /sleep (\d+)/))
  expect(failTimeout).toBeLessThan(
    number(read('examples/load-balancers/serve.ts'), /RESTARTS_MS = (\d+)/) / 1000,
  )
  expect(keptIdle).toBeLessThan(number(draining, /NOTICE_MS = (\d+)/) / 1000)
  const most = [...draining.matchAll(/^const (?:NOTICE|UNASKED|LAST_ANSWERS)_MS = ([\d_]+)/gm)]
  const longest = most.reduce((sum, [, ms = '']) => sum + Number(ms.replaceAll('_', '')), 0) / 1000
  expect(longest).toBe(23)
  expect(longest).toBeLessThan(number(read('deploy/systemd/shop@.service'), /TimeoutStopSec=(\d+)/))
})
