/** A session is shown for the token that was asked with and for no other: whoever signed in is who is found. Pure. */
import type { Operation } from '../history.ts'
import { endingsOf } from './endings.ts'

/** Accepted as somebody else. */
export function crossTalk(history: readonly Operation[]): readonly Operation[] {
  const { signIns } = endingsOf(history)
  return history.filter(({ op, result, session = '', subject }) => {
    const owner = signIns.get(session)?.subject
    return op === 'verify' && result === 'valid' && owner !== undefined && subject !== owner
  })
}
