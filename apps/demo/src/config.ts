/** What the environment says about where the demo listens and keeps its files. Read strictly, all of it at start. */
import { isIP } from 'node:net'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Flags } from './command-line.ts'

export interface Config {
  readonly https: boolean
  /** 0: any free port. */
  readonly port: number
  readonly dataDir: string
  /** How old a password entry may be for what asks for the password again. */
  readonly passwordAgainAfter: `${number}s`
  /** As it was written; the library judges it. */
  readonly trustedProxies: readonly string[] | undefined
  /** Where the sessions live instead of in a file. May hold a password, so nobody prints it; the library judges it. */
  readonly redisUrl: string | undefined
  /** Where visitors find the shop, if a proxy brings them. */
  readonly publicUrl: URL | undefined
}

/** The process cannot start as it was told to. `exitCode` follows sysexits.h: 64 usage, 69 port taken, 78 configuration. */
export class StartError extends Error {
  readonly exitCode: 64 | 69 | 78

  constructor(exitCode: 64 | 69 | 78, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'StartError'
    this.exitCode = exitCode
  }
}

const REPOSITORY = fileURLToPath(new URL('../../..', import.meta.url))
const HIGHEST_PORT = 65_535
const A_DAY = 86_400

/** @throws StartError 78 */
export function readConfig(
  environment: Readonly<Record<string, string | undefined>>,
  { https }: Pick<Flags, 'https'>,
): Config {
  const { PORT, DATA_DIR, PASSWORD_AGAIN_AFTER, SOJOURN_TRUSTED_PROXIES, REDIS_URL, PUBLIC_URL } = environment
  if (DATA_DIR === '') throw new StartError(78, 'DATA_DIR is empty. Name a directory, or leave it out.')
  const seconds = wholeNumber('PASSWORD_AGAIN_AFTER', PASSWORD_AGAIN_AFTER ?? '300', [1, A_DAY])
  return {
    https,
    port: wholeNumber('PORT', PORT ?? (https ? '3443' : '3000'), [0, HIGHEST_PORT]),
    dataDir: DATA_DIR === undefined ? resolve(REPOSITORY, '.data') : resolve(DATA_DIR),
    passwordAgainAfter: `${seconds}s`,
    trustedProxies: SOJOURN_TRUSTED_PROXIES?.split(',').map((entry) => entry.trim()),
    redisUrl: REDIS_URL,
    publicUrl: PUBLIC_URL === undefined ? undefined : publicUrl(PUBLIC_URL),
  }
}

function wholeNumber(name: string, text: string, [least, most]: readonly [number, number]): number {
  const value = Number(text)
  if (/^(0|[1-9]\d{0,5})$/.test(text) && value >= least && value <= most) return value
  throw new StartError(
    78,
    `${name} is ${JSON.stringify(text)}. Write a whole number from ${least} to ${most}.`,
  )
}

/** A name in the public's address bar: over HTTPS, with nothing behind it, and not this machine. */
function publicUrl(text: string): URL {
  const url = URL.parse(text)
  const isOrigin = url?.protocol === 'https:' && text.replace(/\/$/, '') === url.origin
  if (isOrigin && !isThisMachine(url.hostname)) return url
  throw new StartError(
    78,
    `PUBLIC_URL is ${JSON.stringify(text)}. Write the address of your proxy as visitors see it, such as https://shop.example, or leave it out.`,
  )
}

function isThisMachine(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || isIP(host.replace(/^\[|\]$/g, '')) !== 0
}
