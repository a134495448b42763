/** Where to go on after signing in. Only pages of this list: an address from outside is never followed. */

/** A path of this site. Handlers write these as literals; what a client sends is looked up in `RETURN_PATHS`. */
export type LocalPath = `/${string}`

const RETURN_PATHS: readonly LocalPath[] = ['/', '/basket', '/account', '/account/password', '/devices']

export function returnPath(wanted: string | undefined, usual: LocalPath): LocalPath {
  return RETURN_PATHS.find((path) => path === wanted) ?? usual
}
