/**
 * A form may only be posted from a page of this site. Browsers say where a request comes from and pages cannot
 * change what they say; a client that says nothing is no browser and has nobody's cookies.
 *
 * @see https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header
 */
import type { IncomingMessage } from 'node:http'

export function isFromElsewhere({ headers }: IncomingMessage): boolean {
  const site = headers['sec-fetch-site']
  if (site !== undefined) return site !== 'same-origin' && site !== 'none'
  const { origin, host } = headers
  return origin !== undefined && origin !== `http://${host}`
}
