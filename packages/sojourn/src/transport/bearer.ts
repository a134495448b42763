/** Session tokens in the `Authorization` header (RFC 6750 §2.1), for clients that keep no cookies. */

/** The transport name that bearer tokens are bound to. */
export const BEARER = 'bearer'

export type FoundBearer =
  | { readonly kind: 'absent' | 'malformed' }
  | { readonly kind: 'found'; readonly token: string }

/** Another scheme counts as absent; the scheme's case does not matter, everything else does. */
export function findBearer(header: string | undefined): FoundBearer {
  if (typeof header !== 'string' || !/^bearer(?![!#$%&'*+.^_`|~\w-])/i.test(header)) return { kind: 'absent' }
  const match = /^bearer ([A-Za-z0-9._~+/-]+=*)$/i.exec(header)
  return match === null ? { kind: 'malformed' } : { kind: 'found', token: match[1] as string }
}
