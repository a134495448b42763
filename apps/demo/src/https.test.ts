/** `npm start -- --https`: the certificate, and what is different over it. */
import { spawnSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { chmodSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { afterEach, expect, test } from 'vitest'
import { certificateIn } from './certificate.ts'
import { ensureDataDir } from './data-dir.ts'
import { endedStart, startDemo, temporaryDataDir, trustCertificateIn } from './testing/demo.fixture.ts'
import { signUp, visitor } from './testing/visitor.fixture.ts'

const A_DAY_MS = 86_400_000
const disposals: (() => unknown)[] = []

afterEach(async () => {
  for (const dispose of disposals.splice(0).toReversed()) await dispose()
})

function dataDir(): string {
  const made = temporaryDataDir()
  disposals.push(() => made.dispose())
  ensureDataDir(made.path)
  return made.path
}

/** Puts a certificate that ends after so many days in the place of the demo's. */
function shortLived(
  path: string,
  days: string,
  subject = new X509Certificate(certificateIn(path).cert).subject,
): string {
  const subjectLine = `/${subject.replaceAll('\n', '/')}`
  const files = ['-key', 'key.pem', '-out', 'certificate.pem']
  spawnSync('openssl', ['req', '-x509', '-new', '-subj', subjectLine, '-days', days, ...files], {
    cwd: join(path, 'https'),
  })
  return readFileSync(join(path, 'https/certificate.pem'), 'utf8')
}

test('the certificate is for this machine only, signs no others, and browsers take its age', () => {
  const path = dataDir()
  const { cert, path: file } = certificateIn(path)
  const certificate = new X509Certificate(cert)
  expect(certificate.subjectAltName).toBe('DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1')
  expect(certificate.ca).toBe(false)
  expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1'])
  const days = (certificate.validToDate.getTime() - certificate.validFromDate.getTime()) / A_DAY_MS
  expect(days).toBeGreaterThan(365)
  expect(days).toBeLessThanOrEqual(825)
  expect(file).toBe(join(path, 'https/certificate.pem'))
  expect(statSync(join(path, 'https')).mode & 0o777).toBe(0o700)
  expect(statSync(join(path, 'https/key.pem')).mode & 0o777).toBe(0o600)
  expect(readdirSync(join(path, 'https')).toSorted()).toEqual(['certificate.pem', 'key.pem'])
  expect(readdirSync(path)).toEqual(['https'])
})

test('it is made once, and again when it is about to end', () => {
  const path = dataDir()
  const first = certificateIn(path)
  expect(certificateIn(path)).toEqual(first)
  const good = shortLived(path, '3')
  expect(certificateIn(path).cert).toBe(good)
  const ending = shortLived(path, '1')
  expect(certificateIn(path).cert).not.toBe(ending)
  const theirs = shortLived(path, '1', 'CN=localhost')
  expect(certificateIn(path).cert).toBe(theirs)
})

test('a key that others can read, or that belongs to another certificate, is refused', () => {
  const [path, other] = [dataDir(), dataDir()]
  const { cert } = certificateIn(path)
  chmodSync(join(path, 'https/key.pem'), 0o644)
  expect(() => certificateIn(path)).toThrow(`Run: chmod 600 ${join(path, 'https/key.pem')}`)
  expect(certificateIn(other).cert).not.toBe(cert)
  writeFileSync(join(other, 'https/certificate.pem'), cert)
  expect(() => certificateIn(other)).toThrow('not of one pair')
  rmSync(join(other, 'https/certificate.pem'))
  expect(() => certificateIn(other)).toThrow('Remove that directory')
})

test('without openssl it says what to install, and leaves nothing behind', async () => {
  const path = dataDir()
  const { code, printed } = await endedStart({ PORT: '0', DATA_DIR: path, PATH: '/nowhere' }, ['--https'])
  expect(code).toBe(78)
  expect(printed).toContain('--https needs the program openssl')
  expect(readdirSync(path)).toEqual([])
})

test('it says what the browser will say, serves the same certificate again, and sends no HSTS', async () => {
  const path = dataDir()
  const first = await startDemo(path, {}, ['--https'])
  expect(first.printed()).toContain('the browser warns')
  expect(first.printed()).toContain(join(path, 'https/certificate.pem'))
  const { cert } = certificateIn(path)
  await first.stop('SIGTERM')
  const second = await startDemo(path, {}, ['--https'])
  disposals.push(() => second.stop('SIGTERM'))
  trustCertificateIn(path)
  const ada = visitor(second.url)
  await signUp(ada, 'tls@example.com')
  const { headers, body } = await ada.get('/account')
  expect(body).toContain('tls@example.com')
  // It would make every other http://localhost of this machine unreachable.
  expect(headers.get('strict-transport-security')).toBe(null)
  expect(await served(Number(new URL(second.url).port))).toBe(new X509Certificate(cert).fingerprint256)
  expect(first.printed() + second.printed()).not.toContain('PRIVATE KEY')
})

test('whoever does not know the certificate is not connected', async () => {
  const path = dataDir()
  const demo = await startDemo(path, {}, ['--https'])
  disposals.push(() => demo.stop('SIGTERM'))
  const error = await new Promise<NodeJS.ErrnoException>((failed) => {
    request(demo.url, { ca: [] }).on('error', failed).end()
  })
  expect(error.code).toMatch(/SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET/)
})

/** The fingerprint of what a server shows. */
async function served(port: number): Promise<string> {
  return await new Promise((shown) => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
      shown(socket.getPeerCertificate().fingerprint256)
      socket.destroy()
    })
  })
}
