/** A certificate for TLS on this machine, made anew each time: nobody else has its key. */
import { execFileSync } from 'node:child_process'
import { createHash, X509Certificate } from 'node:crypto'

export interface DevelopmentCertificate {
  /** PEM. */
  readonly cert: string
  /** PEM. */
  readonly key: string
  /** Base64 of the SHA-256 of its public key, as Chromium's `--ignore-certificate-errors-spki-list` wants it. */
  readonly pin: string
}

const REQUEST = ['req', '-x509', '-nodes', '-days', '7', '-subj', '/CN=localhost', '-out', '-']
const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-keyout', '-']
const NAMES = ['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1']

/** Self-signed, for `localhost`, `127.0.0.1` and `::1`; good for a week. */
export function developmentCertificate(): DevelopmentCertificate {
  const pem = execFileSync('openssl', [...REQUEST, ...KEY, ...NAMES], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const cert = pemBlock(pem, 'CERTIFICATE')
  const spki = new X509Certificate(cert).publicKey.export({ type: 'spki', format: 'der' })
  return {
    cert,
    key: pemBlock(pem, 'PRIVATE KEY'),
    pin: createHash('sha256').update(spki).digest('base64'),
  }
}

function pemBlock(text: string, label: string): string {
  const [block] = new RegExp(`-----BEGIN ${label}-----[^-]+-----END ${label}-----\n`).exec(text) ?? []
  if (block === undefined) throw new Error(`openssl wrote no ${label}.`)
  return block
}
