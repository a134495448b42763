/**
 * The certificate for `--https`: made once for this machine, signed by itself, kept beside the demo's other data. The
 * key never leaves its file (mode 0600), and the certificate may not sign others, so trusting it trusts nothing else.
 *
 *     <data directory>/https/key.pem           P-256
 *     <data directory>/https/certificate.pem   localhost, 127.0.0.1, ::1; 800 days, of the 825 that browsers take
 *
 * Both are made in a directory of their own, which is then renamed: nobody ever finds one without the other.
 */
import { spawnSync } from 'node:child_process'
import { createPrivateKey, generateKeyPairSync, randomBytes, X509Certificate } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { StartError } from './config.ts'

export interface Certificate {
  /** PEM. */
  readonly key: string
  /** PEM. */
  readonly cert: string
  /** The file to trust. */
  readonly path: string
}

const DAYS = '800'
const MADE_BY = 'Wayside demo on this machine'
const A_DAY_MS = 86_400_000

/** What openssl is told; a file of its own, because older ones take extensions from nowhere else. */
const REQUEST = `[req]
prompt = no
distinguished_name = name
x509_extensions = extensions
[name]
CN = localhost
O = ${MADE_BY}
[extensions]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = DNS:localhost, IP:127.0.0.1, IP:::1
`

/** The certificate of this data directory; made when there is none, or when ours is about to end. @throws StartError 78 */
export function certificateIn(dataDir: string): Certificate {
  const folder = join(dataDir, 'https')
  try {
    const found = read(folder)
    if (found !== undefined && !isForReplacement(found)) return found
    make(folder)
    return read(folder) as Certificate
  } catch (error) {
    if (error instanceof StartError) throw error
    const { message } = error as Error
    throw new StartError(
      78,
      `The certificate in ${folder} cannot be used (${message}). Remove that directory, and another one is made.`,
      { cause: error },
    )
  }
}

function read(folder: string): Certificate | undefined {
  const [keyPath, path] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')]
  const stat = statSync(keyPath, { throwIfNoEntry: false })
  if (stat === undefined) return undefined
  if ((stat.mode & 0o077) !== 0)
    throw new StartError(78, `Others on this machine can read ${keyPath}. Run: chmod 600 ${keyPath}`)
  const [key, cert] = [readFileSync(keyPath, 'utf8'), readFileSync(path, 'utf8')]
  if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key)))
    throw new Error('they are not of one pair')
  return { key, cert, path }
}

/** One that somebody put there is theirs, whatever its age. */
function isForReplacement({ cert }: Certificate): boolean {
  const { subject, validToDate } = new X509Certificate(cert)
  return subject.includes(MADE_BY) && validToDate.getTime() <= Date.now() + A_DAY_MS
}

function make(folder: string): void {
  const draft = `${folder}.${process.pid}.${randomBytes(6).toString('hex')}`
  mkdirSync(draft, { mode: 0o700 })
  try {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' })
    writeFileSync(join(draft, 'key.pem'), key, { flag: 'wx', mode: 0o600 })
    writeFileSync(join(draft, 'request.cnf'), REQUEST)
    signWithOpenssl(draft, folder)
    rmSync(join(draft, 'request.cnf'))
    rmSync(folder, { recursive: true, force: true })
    renameSync(draft, folder)
  } catch (error) {
    // Another start was faster; what it made is as good.
    if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
}

function signWithOpenssl(draft: string, folder: string): void {
  const files = ['-config', 'request.cnf', '-key', 'key.pem', '-out', 'certificate.pem']
  const made = spawnSync('openssl', ['req', '-x509', '-new', '-sha256', '-days', DAYS, ...files], {
    cwd: draft,
    encoding: 'utf8',
  })
  if (made.error !== undefined)
    throw new StartError(
      78,
      `--https needs the program openssl, once, to make a certificate for this machine, and it could not be started (${(made.error as NodeJS.ErrnoException).code}). Install it (Debian, Ubuntu: apt-get install openssl; macOS has it), or put a key.pem (mode 0600) and a certificate.pem of your own into ${folder}.`,
    )
  if (made.status !== 0) throw new Error(`openssl said: ${made.stderr.trim()}`)
}
