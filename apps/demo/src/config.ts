/** What the environment says about where the demo listens and keeps its files. Read strictly, all of it at start. */
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface Config {
  /** 0: any free port. */
  readonly port: number
  readonly dataDir: string
  /** How old a password entry may be for what asks for the password again. */
  readonly passwordAgainAfter: `${number}s`
}

/** The process cannot start as it was told to. `exitCode` follows sysexits.h: 78 configuration, 69 port taken. */
export class StartError extends Error {
  readonly exitCode: 69 | 78

  constructor(exitCode: 69 | 78, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'StartError'
    this.exitCode = exitCode
  }
}

const REPOSITORY = fileURLToPath(new URL('../../..', import.meta.url))
const HIGHEST_PORT = 65_535
const A_DAY = 86_400

/** @throws StartError 78 */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const { PORT, DATA_DIR, PASSWORD_AGAIN_AFTER } = environment
  if (DATA_DIR === '') throw new StartError(78, 'DATA_DIR is empty. Name a directory, or leave it out.')
  const seconds = wholeNumber('PASSWORD_AGAIN_AFTER', PASSWORD_AGAIN_AFTER ?? '300', [1, A_DAY])
  return {
    port: wholeNumber('PORT', PORT ?? '3000', [0, HIGHEST_PORT]),
    dataDir: DATA_DIR === undefined ? resolve(REPOSITORY, '.data') : resolve(DATA_DIR),
    passwordAgainAfter: `${seconds}s`,
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
