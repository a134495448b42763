/** What `npm start` says when the shop is open. */
import type { Config } from './config.ts'
import { DEMO_EMAIL, DEMO_PASSWORD } from './people/demo-account.ts'
import type { Listening } from './web/listen.ts'

export interface Opened {
  readonly config: Config
  readonly listening: Listening
  /** With HTTPS. */
  readonly certificatePath: string | undefined
  /** Whether the demo account still has the password that it was made with. */
  readonly passwordIsKnown: boolean
}

export function welcome({ config, listening, certificatePath, passwordIsKnown }: Opened): string {
  const { dataDir, https, publicUrl, redisUrl } = config
  return [
    '',
    '  Wayside, the Sojourn demo, is open:',
    '',
    `    ${https ? 'https' : 'http'}://localhost:${listening.port}`,
    ...(publicUrl === undefined ? [] : [`    ${publicUrl.origin}, if your proxy leads here`]),
    '',
    ...(certificatePath === undefined ? [] : aboutCertificate(certificatePath)),
    '  Sign up with any e-mail address, or sign in as',
    '',
    `    ${DEMO_EMAIL}   ${passwordIsKnown ? DEMO_PASSWORD : '(with the password you gave it)'}`,
    '',
    ...(redisUrl === undefined
      ? [`  Sessions, accounts and the secret are kept in ${dataDir}`]
      : [`  Accounts and the secret are kept in ${dataDir}, sessions in Redis (REDIS_URL)`]),
    ...(listening.onIpv6 ? [] : ['  This machine has no IPv6 loopback; only 127.0.0.1 answers.']),
    '  Ctrl-C stops it. Whoever is signed in stays signed in.',
    '',
  ].join('\n')
}

function aboutCertificate(path: string): readonly string[] {
  return [
    '  Its certificate was made for this machine and nobody has signed it: the browser warns once, and',
    '  you go on past the warning. To be spared that, trust the certificate:',
    '',
    `    ${trustCommand(path)}`,
    '',
  ]
}

/** Firefox has a list of its own everywhere; there the warning is the way. */
function trustCommand(path: string): string {
  const file = JSON.stringify(path)
  if (process.platform === 'darwin') return `security add-trusted-cert -r trustAsRoot -p ssl ${file}`
  if (process.platform === 'win32') return `certutil -user -addstore Root ${file}`
  return `certutil -d sql:$HOME/.pki/nssdb -A -t P,, -n wayside-demo -i ${file}   (Chromium; in libnss3-tools)`
}
