/**
 * Tokens whose MAC was found genuine a short while ago, so that a returning client costs one hash instead of an
 * HMAC. Keyed by a hash of the token, one per transport; bounded by keeping two generations of entries. It says
 * who signed the token and nothing about the session, which is looked at every time.
 */
import { hash } from 'node:crypto'
import { readToken, type TokenClaims, type TokenScope } from './token/token.ts'

const PER_GENERATION = 8192

export interface RecognisedTokens {
  /** The claims of a genuine token; `undefined` for a forged one, which is never remembered. */
  read(token: string): TokenClaims | undefined
}

export function recognisedTokens(scope: TokenScope): RecognisedTokens {
  let young = new Map<string, TokenClaims>()
  let old = new Map<string, TokenClaims>()

  function remember(key: string, claims: TokenClaims): TokenClaims {
    if (young.size >= PER_GENERATION) {
      old = young
      young = new Map()
    }
    young.set(key, claims)
    return claims
  }

  return {
    read(token) {
      const key = hash('sha256', token, 'base64url')
      const known = young.get(key)
      if (known !== undefined) return known
      const claims = old.get(key) ?? readToken(scope, token)
      return claims === undefined ? undefined : remember(key, claims)
    },
  }
}
