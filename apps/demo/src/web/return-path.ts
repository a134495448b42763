/** Where to go on after signing in. Only pages of this list: an address from outside is never followed. */
import type { LocalPath } from './answer.ts'

const RETURN_PATHS: readonly LocalPath[] = ['/', '/basket', '/account', '/account/password', '/devices']

export function returnPath(wanted: string | undefined, usual: LocalPath): LocalPath {
  return RETURN_PATHS.find((path) => path === wanted) ?? usual
}
