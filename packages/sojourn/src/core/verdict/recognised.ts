/**
 * Tokens whose MAC was found genuine a short while ago, so that a returning client costs one hash instead of an
 * HMAC. Keyed by a hash of the token, one per transport; bounded by keeping two generations of entries, in number and
 * in time. What the session came to last is kept beside; the store is asked every time whether that still stands.
 */
import { hash } from 'node:crypto'
import type { Environment, Timer } from '../environment.ts'
import type { Standing } from './standing.ts'
import { isTokenShaped, readToken, TOKEN_LENGTH, type TokenClaims, type TokenScope } from '../token/token.ts'

const PER_GENERATION = 8192
/** A decision holds what the store said. What was erased since is out of memory after two of these, however quiet it is. */
const GENERATION_MS = 60_000

export interface RecognisedToken {
  readonly claims: TokenClaims
  /** What was decided last. */
  standing: Standing | undefined
  /** The authority said once that there is no such session. */
  isUnknown: boolean
}

export interface RecognisedTokens {
  /** A genuine token. What is none is never remembered. */
  read(token: string): RecognisedToken | 'malformed' | 'forged'
}

export function recognisedTokens(
  scope: TokenScope,
  environment: Pick<Environment, 'after'>,
): RecognisedTokens {
  let young = new Map<string, RecognisedToken>()
  let old = new Map<string, RecognisedToken>()
  let timer: Timer | undefined

  function grow(): void {
    old = young
    young = new Map()
  }

  /** A timer, so that a check looks at no clock for it; there is none while nothing is kept. */
  function age(): void {
    grow()
    timer = old.size === 0 ? undefined : environment.after(GENERATION_MS, age)
  }

  function remember(key: string, recognised: RecognisedToken): RecognisedToken {
    if (young.size >= PER_GENERATION) grow()
    young.set(key, recognised)
    timer ??= environment.after(GENERATION_MS, age)
    return recognised
  }

  return {
    read(token) {
      if (token.length !== TOKEN_LENGTH) return 'malformed'
      const key = hash('sha256', token, 'base64url')
      const known = young.get(key)
      if (known !== undefined) return known
      const former = old.get(key)
      if (former !== undefined) return remember(key, former)
      if (!isTokenShaped(token)) return 'malformed'
      const claims = readToken(scope, token)
      return claims === undefined
        ? 'forged'
        : remember(key, { claims, standing: undefined, isUnknown: false })
    },
  }
}
