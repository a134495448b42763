/** The servers that the other tests start: real ones, reachable from this machine only, gone afterwards. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { developmentCertificate } from '../programs/certificate.ts'
import { startHaproxy } from '../programs/haproxy.ts'
import { anyoneCanReach } from '../programs/listening.ts'
import { startNginx } from '../programs/nginx.ts'
import { acceptsConnections } from '../programs/ports.ts'
import type { Place, RunningServer } from '../programs/server-process.ts'
import { openWire } from '../http/harness/wire.ts'

const KINDS = [
  {
    name: 'nginx',
    start: startNginx,
    config: ({ ports, folder }: Place): string =>
      `server { listen 127.0.0.1:${ports[0]}; listen 127.0.0.1:${ports[1]} ssl;
        ssl_certificate ${folder}/tls.pem; ssl_certificate_key ${folder}/tls.pem;
        location / { return 200 "hello"; } }`,
    broken: 'no_such_directive on;',
  },
  {
    name: 'haproxy',
    start: startHaproxy,
    config: ({ ports, folder }: Place): string => `frontend hello
      bind 127.0.0.1:${ports[0]}
      bind 127.0.0.1:${ports[1]} ssl crt ${folder}/tls.pem
      http-request return status 200 content-type text/plain string hello`,
    broken: 'no_such_directive on',
  },
] as const

const { cert, key } = developmentCertificate()
const files = { 'tls.pem': cert + key }

async function answerOf(port: number, options: { readonly tls: boolean }): Promise<string> {
  const wire = await openWire(port, options)
  wire.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
  const { body } = await wire.response()
  wire.abort()
  return body
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

describe.each(KINDS)('$name', ({ name, start, config, broken }) => {
  async function started(): Promise<RunningServer> {
    const server = await start({ ports: 2, files, config })
    onTestFinished(server.stop)
    return server
  }

  test('answers over HTTP and TLS, from a directory that is closed to others', async () => {
    const { ports, folder } = await started()
    expect(await answerOf(ports[0] as number, { tls: false })).toBe('hello')
    expect(await answerOf(ports[1] as number, { tls: true })).toBe('hello')
    expect(statSync(folder).mode & 0o777).toBe(0o700)
  })

  test('is gone once it was stopped, and so are its files', async () => {
    const { pid, ports, folder, stop } = await started()
    expect(isAlive(pid)).toBe(true)
    await stop()
    expect(isAlive(pid)).toBe(false)
    expect(existsSync(folder)).toBe(false)
    for (const port of ports) expect(await acceptsConnections(port)).toBe(false)
  })

  test('says what is wrong with its configuration', async () => {
    await expect(start({ config: () => broken })).rejects.toThrow('no_such_directive')
  })

  test('gets another port when somebody has taken the one that was free', async () => {
    const thief = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void thief.close())
    await once(thief, 'listening')
    const { port: taken } = thief.address() as AddressInfo
    let attempts = 0
    const server = await start({
      ports: 2,
      files,
      config({ ports: [port = 0, other = 0], ...place }) {
        attempts += 1
        return config({ ...place, ports: [attempts === 1 ? taken : port, other] })
      },
    })
    onTestFinished(server.stop)
    expect(attempts).toBeGreaterThan(1)
    expect(await answerOf(server.ports[0] as number, { tls: false })).toBe('hello')
  })

  test('goes with the process that started it, however that ends', async () => {
    const child = fork(new URL('harness/started.ts', import.meta.url), [name])
    onTestFinished(() => void child.kill('SIGKILL'))
    const [{ folder, ports }] = (await once(child, 'message')) as [Place]
    onTestFinished(() => rmSync(folder, { recursive: true }))
    expect(await acceptsConnections(ports[0] as number)).toBe(true)
    child.kill('SIGKILL')
    await expect.poll(() => acceptsConnections(ports[0] as number), { timeout: 60_000 }).toBe(false)
  })
})

test.each([
  ['127.0.0.1', 'tcp', '0100007F', false],
  ['127.0.0.2', 'tcp', '0200007F', false],
  ['every IPv4 address', 'tcp', '00000000', true],
  ['an address of the network', 'tcp', '7F00000A', true],
  ['::1', 'tcp6', '00000000000000000000000001000000', false],
  ['every address', 'tcp6', '00000000000000000000000000000000', true],
])('who listens on %s is reached from outside (%s %s): %s', (_, table, address, reachable) => {
  const proc = mkdtempSync(join(tmpdir(), 'sojourn-proc-'))
  onTestFinished(() => rmSync(proc, { recursive: true }))
  for (const folder of ['1/fd', '1/net']) mkdirSync(join(proc, folder), { recursive: true })
  symlinkSync('socket:[77]', join(proc, '1/fd/3'))
  const row = (state: string, inode: number): string =>
    `0: ${address}:1F90 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000 0 0 ${inode} 1`
  const write = (...rows: string[]): void =>
    writeFileSync(join(proc, '1/net', table), ['sl local_address …', ...rows, ''].join('\n'))
  write(row('0A', 77))
  expect(anyoneCanReach(1, proc)).toBe(reachable)
  write(row('01', 77), row('0A', 78))
  expect(anyoneCanReach(1, proc), 'neither a connection nor somebody else’s').toBe(false)
})
