/**
 * What this process refuses although the store may not know it yet: sessions whose revocation was asked for and
 * could not be confirmed. Checked before any positive answer; empty in health. A refusal names what it was meant
 * for as narrowly as is known, so that a sign-in that came afterwards is not hit.
 */
import type { Environment } from '../environment.ts'
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
      /** While the session has had fewer secrets than this: the store fell behind what it acknowledged. */
      readonly belowGeneration?: number
      /** Not before this instant: until then the secret before is good beside the new one. */
      readonly from?: number | undefined
    }
  | RosterRefusal
  /** Sessions under an earlier global epoch; with infinity, nobody can say which those are. */
  | { readonly kind: 'everything'; readonly belowGlobalEpoch: number }

/** Sessions admitted under an earlier epoch, and these, which somebody else may have admitted anew. */
export interface RosterRefusal {
  readonly kind: 'roster'
  readonly roster: RosterKey
  readonly belowEpoch: number
  readonly numbers?: readonly SessionNumber[]
  readonly except?: SessionNumber
}

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

export function createRefusals(environment: Pick<Environment, 'now'>): Refusals {
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
      const asked = { ...found, now: environment.now() }
      return [...ofEverybody, ...(ofRoster.get(roster) ?? [])].find((refusal) => matches(refusal, asked))
    },
  }
}

interface Asked {
  readonly header: RosterHeader
  readonly session: StoredSession
  readonly now: number
}

function matches(refusal: Refusal, { header, session, now }: Asked): boolean {
  if (refusal.kind === 'everything') return header.globalEpoch < refusal.belowGlobalEpoch
  if (refusal.kind === 'roster') {
    const { belowEpoch, numbers = [], except } = refusal
    return session.number !== except && (session.epoch < belowEpoch || numbers.includes(session.number))
  }
  const { number, secretHash, belowGeneration = Number.POSITIVE_INFINITY, from = 0 } = refusal
  return (
    number === session.number &&
    (secretHash === undefined || equalText(secretHash, session.secretHash)) &&
    session.generation < belowGeneration &&
    now >= from
  )
}
