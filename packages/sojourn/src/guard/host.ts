/** Hosts as browsers write them into `Origin`, so that the two can be compared. */

const HOST = /^(?:[a-z\d_-]+(?:\.[a-z\d_-]+)*|\[[\da-f:.]+\])(?::\d{1,5})?$/i
/** A name of 253 characters and a port. */
const LONGEST = 259
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/

/** `host` or `host:port`, in lower case and without the scheme's own port; undefined for anything else. */
export function readHost(text: string | undefined, scheme: 'http' | 'https'): string | undefined {
  if (text === undefined || text.length > LONGEST || !HOST.test(text)) return undefined
  return URL.parse(`${scheme}://${text}`)?.host
}

export function isLoopbackHost(host: string | undefined): boolean {
  return host !== undefined && LOOPBACK.test(host)
}
