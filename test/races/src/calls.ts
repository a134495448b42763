/** The routes of `system.ts` as values. */
import type { Call } from './browser.ts'

export const ME: Call = { method: 'GET', path: '/me' }
/** As the store says, whatever the process has a copy of. */
export const ME_FOR_SURE: Call = { method: 'GET', path: '/me?mode=strict' }
export const SIGN_OUT: Call = { method: 'POST', path: '/sign-out' }
export const ELEVATE: Call = { method: 'POST', path: '/elevate' }
export const REVOKE_OTHERS: Call = { method: 'POST', path: '/revoke-others' }

export const signIn = (subject: string): Call => ({ method: 'POST', path: `/sign-in?subject=${subject}` })
export const revokeAll = (subject: string): Call => ({
  method: 'POST',
  path: `/revoke-all?subject=${subject}`,
})
export const set = (key: string, value: string): Call => ({
  method: 'POST',
  path: `/set?key=${key}&value=${value}`,
})
export const visit = (key: string, value: string): Call => ({
  method: 'POST',
  path: `/visit?key=${key}&value=${value}`,
})
export const increment = (key: string): Call => ({ method: 'POST', path: `/increment?key=${key}` })
export const regenerate = (because: 'age' | 'privilege'): Call => ({
  method: 'POST',
  path: `/regenerate?because=${because}`,
})

export type Point = 'opened' | 'attempted' | 'done'

/** The same call, waiting at the gate when it has come to the point. */
export function held({ method, path }: Call, point: Point, gate: string): Call {
  return { method, path: `${path}${path.includes('?') ? '&' : '?'}hold=${point}.${gate}` }
}
