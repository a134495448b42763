/**
 * What the environment says. Without a secret nothing starts, nor with half a certificate, and the message says what
 * to do.
 */
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'

export interface Settings {
  readonly secret: string
  /** 0: any free port. */
  readonly port: number
  /** Where the sessions are kept. */
  readonly file: string
  /** What to speak HTTPS with; `undefined`: plain HTTP. */
  readonly tls: Tls | undefined
  readonly scheme: 'http' | 'https'
}

export interface Tls {
  /** PEM. */
  readonly key: Buffer
  /** PEM. */
  readonly cert: Buffer
}

export function readSettings(): Settings {
  const { SESSION_SECRET, PORT = '3000', SESSIONS_FILE = 'data/sessions.sqlite' } = process.env
  if (SESSION_SECRET === undefined || SESSION_SECRET === '')
    refuse(
      'SESSION_SECRET is not set. Make one and keep it: with another one everybody is signed out.',
      '',
      '  echo "SESSION_SECRET=$(openssl rand -base64 48)" > .env',
      `  node --env-file=.env ${process.argv[1]}`,
    )
  const tls = readTls()
  const scheme = tls === undefined ? 'http' : 'https'
  return { secret: SESSION_SECRET, port: Number(PORT), file: SESSIONS_FILE, tls, scheme }
}

/** Empty counts as not set, as with the secret. */
function readTls(): Tls | undefined {
  const { TLS_KEY = '', TLS_CERTIFICATE = '' } = process.env
  if (TLS_KEY === '' && TLS_CERTIFICATE === '') return undefined
  if (TLS_KEY === '') refuse('TLS_CERTIFICATE is set and TLS_KEY is not. Set both for HTTPS, or neither.')
  if (TLS_CERTIFICATE === '')
    refuse('TLS_KEY is set and TLS_CERTIFICATE is not. Set both for HTTPS, or neither.')
  const tls = { key: readPem('TLS_KEY', TLS_KEY), cert: readPem('TLS_CERTIFICATE', TLS_CERTIFICATE) }
  try {
    createSecureContext(tls)
    return tls
  } catch (error) {
    return refuse(
      `TLS_KEY and TLS_CERTIFICATE must name a key and its certificate, both PEM: ${(error as Error).message}.`,
    )
  }
}

function readPem(variable: string, path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    return refuse(`The file that ${variable} names cannot be read: ${(error as Error).message}.`)
  }
}

function refuse(...lines: readonly string[]): never {
  console.error(lines.join('\n'))
  process.exit(78)
}
