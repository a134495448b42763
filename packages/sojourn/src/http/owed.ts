/** What a response owes to its request's session having been looked at, whether it sets a cookie or not. */

export type WasRead = 'nothing' | 'absence' | 'session'

export type HeaderValue = string | number | string[] | undefined

/**
 * The one header to set on such a response, in place of what it says so far (`present`): where there is a session, the
 * response is private; where there is none, it is what it is for want of a cookie. For adapters.
 */
export function owedHeader(
  wasRead: WasRead,
  present: (name: string) => HeaderValue | null,
): readonly [name: 'vary' | 'cache-control', value: string] | undefined {
  if (wasRead === 'absence') return ['vary', varied(present('vary'))]
  return wasRead === 'session' && (present('cache-control') ?? undefined) === undefined
    ? ['cache-control', 'no-store']
    : undefined
}

/** The `Vary` of a response that depends on its request's cookies, given what it says so far. For adapters. */
export function varied(present: HeaderValue | null): string {
  const text = [present ?? []].flat().join(', ')
  if (text === '') return 'Cookie'
  return NAMES_IT.test(text) ? text : `${text}, Cookie`
}

const NAMES_IT = /(?:^|,)\s*(?:cookie|\*)\s*(?:,|$)/i
