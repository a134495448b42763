/** The `Vary` of a response that depends on its request's cookies, given what it says so far. */
export function varied(present: HeaderValue | null): string {
  const text = [present ?? []].flat().join(', ')
  if (text === '') return 'Cookie'
  return NAMES_IT.test(text) ? text : `${text}, Cookie`
}

export type HeaderValue = string | number | string[] | undefined

const NAMES_IT = /(?:^|,)\s*(?:cookie|\*)\s*(?:,|$)/i
