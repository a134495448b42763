/**
 * The directory of the demo's files, and the secret in it: made once, mode 0600, never printed. The secret is
 * written under another name and linked into place, so that no process ever reads half of one, and of two first
 * starts at once only one makes it.
 */
import { randomBytes } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { StartError } from './config.ts'

/** Makes the directory with mode 0700 when there is none. @throws StartError 78 */
export function ensureDataDir(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new StartError(
      78,
      `The data directory ${path} cannot be made (${codeOf(error)}). Set DATA_DIR to one that can.`,
      {
        cause: error,
      },
    )
  }
}

/** The secret of this data directory; made when there is none. @throws StartError 78 */
export function secretIn(dataDir: string): string {
  const path = join(dataDir, 'secret')
  try {
    if (!exists(path)) generate(path)
    return read(path)
  } catch (error) {
    if (error instanceof StartError) throw error
    throw new StartError(78, `The secret ${path} cannot be used (${codeOf(error)}). Check who owns it.`, {
      cause: error,
    })
  }
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined
}

function generate(path: string): void {
  const draft = `${path}.${process.pid}.${randomBytes(6).toString('hex')}`
  writeFileSync(draft, `${randomBytes(48).toString('base64')}\n`, { flag: 'wx', mode: 0o600 })
  try {
    linkSync(draft, path)
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
  } finally {
    rmSync(draft)
  }
}

function read(path: string): string {
  const { mode } = statSync(path)
  if ((mode & 0o077) !== 0)
    throw new StartError(78, `Others on this machine can read ${path}. Run: chmod 600 ${path}`)
  const secret = readFileSync(path, 'utf8').trimEnd()
  if (/^[A-Za-z0-9+/]{64}$/.test(secret)) return secret
  throw new StartError(
    78,
    `${path} does not hold a secret as this program writes it. Put the right one back, or remove it and the sessions beside it to start afresh.`,
  )
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error)
}
