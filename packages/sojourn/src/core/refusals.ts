/**
 * What this process refuses although the store may not know it yet: sessions whose revocation was asked for and
 * could not be confirmed. Checked before any positive answer; empty in health. A refusal names what it was meant
 * for as narrowly as is known, so that a sign-in that came afterwards is not hit.
 */
import type { RosterKey, SessionNumber } from './ids.ts'
import type { RosterHeader, StoredSession } from './roster.ts'

export type Refusal =
  | { readonly kind: 'session'; readonly roster: RosterKey; readonly number: SessionNumber }
  /** Sessions admitted under an earlier epoch. */
  | {
      readonly kind: 'roster'
      readonly roster: RosterKey
      readonly belowEpoch: number
      readonly except?: SessionNumber
    }
  | { readonly kind: 'everything'; readonly belowGlobalEpoch: number }

export interface Refusals {
  /** Refuses from now on; the answer ends it. */
  add(refusal: Refusal): () => void
  covers(
    roster: RosterKey,
    found: { readonly header: RosterHeader; readonly session: StoredSession },
  ): boolean
}

export function createRefusals(): Refusals {
  const refusals = new Set<Refusal>()
  return {
    add(refusal) {
      refusals.add(refusal)
      return () => refusals.delete(refusal)
    },
    covers(roster, { header, session }) {
      if (refusals.size === 0) return false
      for (const refusal of refusals) if (matches(refusal, roster, { header, session })) return true
      return false
    },
  }
}

function matches(refusal: Refusal, roster: RosterKey, found: Parameters<Refusals['covers']>[1]): boolean {
  if (refusal.kind === 'everything') return found.header.globalEpoch < refusal.belowGlobalEpoch
  if (refusal.roster !== roster) return false
  if (refusal.kind === 'session') return refusal.number === found.session.number
  return found.session.epoch < refusal.belowEpoch && found.session.number !== refusal.except
}
