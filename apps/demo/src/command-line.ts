/** What stands behind `npm start --`, and what can stand there. Strict: what is not understood is not ignored. */
import { parseArgs } from 'node:util'
import { StartError } from './config.ts'

export interface Flags {
  readonly https: boolean
  readonly help: boolean
}

export const USAGE = `Wayside, a small shop that shows what Sojourn does.

  npm start               opens it on http://localhost:3000
  npm start -- --https    opens it on https://localhost:3443, with a certificate made for this machine
  npm start -- --help     says this

In the environment:

  PORT                     another port, on this machine's loopback addresses only; 0 takes any free one
  DATA_DIR                 where sessions, accounts, the secret and the certificate are kept (.data)
  PASSWORD_AGAIN_AFTER     for how many seconds a password that was given counts (300)
  REDIS_URL                a Redis to keep the sessions in, which other processes of the shop share
  SOJOURN_TRUSTED_PROXIES  addresses and CIDR ranges of proxies in front of it, with commas between
  PUBLIC_URL               the https:// address of such a proxy, where visitors find the shop`

/** @throws StartError 64 */
export function readCommandLine(args: readonly string[]): Flags {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { https: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
    })
    return { https: values.https ?? false, help: values.help ?? false }
  } catch (error) {
    throw new StartError(64, `${(error as Error).message}.\n\n${USAGE}`, { cause: error })
  }
}
