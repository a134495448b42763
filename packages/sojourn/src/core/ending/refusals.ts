/**
 * What this process refuses although the store may not know it yet: sessions whose revocation was asked for and
 * could not be confirmed. Checked before any positive answer; empty in health. A refusal names what it was meant
 * for as narrowly as is known, so that a sign-in that came afterwards is not hit.
 */
import type { RosterKey, SessionNumber } from '../ids.ts'
import type { RosterHeader, StoredSession } from '../roster.ts'
import { equalText } from '../token/token.ts'

export type Refusal =
  | {
      readonly kind: 'session'
      readonly roster: RosterKey
      readonly number: SessionNumber
      /** While the session has this secret; another one was not asked about. */
      readonly secretHash?: string
    }
  /** Sessions admitted under an earlier epoch. */
  | {
      readonly kind: 'roster'
      readonly roster: RosterKey
      readonly belowEpoch: number
      readonly except?: SessionNumber
    }
  /** Sessions under an earlier global epoch; with infinity, nobody can say which those are. */
  | { readonly kind: 'everything'; readonly belowGlobalEpoch: number }

export interface Refusals {
  readonly isEmpty: boolean
  readonly size: number
  /** Refuses from now on; the answer ends it. */
  add(refusal: Refusal): () => void
  /** The refusal that covers a session, if any. */
  covering(
    roster: RosterKey,
    found: { readonly header: RosterHeader; readonly session: StoredSession },
  ): Refusal | undefined
}

export function createRefusals(): Refusals {
  const ofEverybody = new Set<Refusal>()
  const ofRoster = new Map<RosterKey, Set<Refusal>>()

  return {
    get isEmpty() {
      return ofEverybody.size === 0 && ofRoster.size === 0
    },
    get size() {
      return [...ofRoster.values()].reduce((sum, { size }) => sum + size, ofEverybody.size)
    },
    add(refusal) {
      const place = refusal.kind === 'everything' ? ofEverybody : (ofRoster.get(refusal.roster) ?? new Set())
      if (refusal.kind !== 'everything') ofRoster.set(refusal.roster, place)
      place.add(refusal)
      return () => {
        place.delete(refusal)
        if (refusal.kind !== 'everything' && place.size === 0) ofRoster.delete(refusal.roster)
      }
    },
    covering(roster, found) {
      if (ofEverybody.size === 0 && ofRoster.size === 0) return undefined
      return [...ofEverybody, ...(ofRoster.get(roster) ?? [])].find((refusal) => matches(refusal, found))
    },
  }
}

function matches(refusal: Refusal, { header, session }: Parameters<Refusals['covering']>[1]): boolean {
  if (refusal.kind === 'everything') return header.globalEpoch < refusal.belowGlobalEpoch
  if (refusal.kind === 'roster')
    return session.epoch < refusal.belowEpoch && session.number !== refusal.except
  const { number, secretHash } = refusal
  return number === session.number && (secretHash === undefined || equalText(secretHash, session.secretHash))
}
