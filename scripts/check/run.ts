// Runs one command of this repository and says whether it succeeded.

import { spawnSync } from 'node:child_process'
import { root } from '../workspace.mjs'

export interface RunOptions {
  /** Default: the root of the repository. */
  readonly cwd?: string
}

/** What the command prints is shown. A command that cannot be started fails. */
export function runs(command: string, args: readonly string[], { cwd = root }: RunOptions = {}): boolean {
  // Set by `npm run`: it would make an npm in another folder work on this one.
  const { npm_config_local_prefix: _, ...env } = process.env
  const { status, error } = spawnSync(command, args, { cwd, env, stdio: 'inherit' })
  if (error) console.error(`${command} could not be started: ${error.message}`)
  return status === 0
}
