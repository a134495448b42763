/**
 * What this process refuses although the store may not know it yet: sessions whose revocation was asked for and
 * could not be confirmed. Checked before any positive answer; empty in health.
 */
import { type RosterKey, type SessionNumber, sessionId } from './ids.ts'

export type Refusal =
  | { readonly kind: 'session'; readonly roster: RosterKey; readonly number: SessionNumber }
  | { readonly kind: 'roster'; readonly roster: RosterKey; readonly except: SessionNumber | undefined }
  | { readonly kind: 'everything' }

export interface Refusals {
  /** Refuses from now on; the answer ends it. */
  add(refusal: Refusal): () => void
  covers(roster: RosterKey, number: SessionNumber): boolean
}

export function createRefusals(): Refusals {
  const refusals = new Set<Refusal>()
  return {
    add(refusal) {
      refusals.add(refusal)
      return () => refusals.delete(refusal)
    },
    covers(roster, number) {
      if (refusals.size === 0) return false
      for (const refusal of refusals) if (matches(refusal, roster, number)) return true
      return false
    },
  }
}

function matches(refusal: Refusal, roster: RosterKey, number: SessionNumber): boolean {
  if (refusal.kind === 'everything') return true
  if (refusal.kind === 'roster') return refusal.roster === roster && refusal.except !== number
  return sessionId(refusal.roster, refusal.number) === sessionId(roster, number)
}
