/**
 * What ended in a session's favour: evicted sessions, replaced secrets, claimed records. The change that ended them is
 * acknowledged as soon as it is applied. Where the store could not say that it reached its write class, a copy that
 * takes over may not have it: until the class is confirmed, this process refuses what was ended and drives the end on.
 *
 * One drive per roster, for all that was ended in it meanwhile. Sign-ins do not wait for it: it ends nothing but what
 * it was begun for.
 */
import type { PendingRevocations } from './pending.ts'
import type { Refusal, Refusals } from './refusals.ts'
import type { Environment } from '../environment.ts'
import { SystemError } from '../errors.ts'
import type { Events } from '../events.ts'
import { randomIncarnation, type RosterKey } from '../ids.ts'
import { inTurn } from '../rules/again.ts'
import type { Rule } from '../rules/rule.ts'
import type { WriteClass } from '../store.ts'
import type { Changed, Writer } from '../writing/writer.ts'

export interface EndedInFavour {
  /** Ends it again where the store has lost the end. */
  readonly rule: Rule<unknown>
  /** What is refused here meanwhile. */
  readonly refusal: Refusal
}

export interface EndsInFavour {
  /**
   * Sees to what a change ended, unless it was confirmed together with the change.
   *
   * @throws SystemError `OVERLOADED` when too much is driven already: the end cannot be promised, so the change is not
   * acknowledged, though it is applied here
   */
  seeTo(roster: RosterKey, outcome: Changed<unknown>['outcome'], ends: readonly EndedInFavour[]): void
}

interface Parts {
  readonly environment: Environment
  readonly events: Events
  readonly writer: Writer
  readonly refusals: Refusals
  readonly pending: PendingRevocations
  readonly writeClass: WriteClass
  readonly realm: string
  /** Tells the listeners which sessions a change ended. */
  readonly announce: (roster: RosterKey, changed: Changed<unknown>) => void
}

interface Ending {
  readonly rule: Rule<unknown>
  readonly lift: () => void
}

const MOST_PER_ROSTER = 256

export function createEndsInFavour(parts: Parts): EndsInFavour {
  const { environment, events, writer, refusals, pending, writeClass, realm, announce } = parts
  const endings = new Map<RosterKey, Ending[]>()
  let drives = 0

  async function confirm(roster: RosterKey, waiting: Ending[]): Promise<boolean> {
    const these = [...waiting]
    const changed = await writer.change(roster, {
      scope: 'roster',
      rule: inTurn(these.map(({ rule }) => rule)),
      writeClass,
      repeatable: true,
      confirm: { realm, incarnation: randomIncarnation(environment) },
      urgent: true,
    })
    announce(roster, changed)
    if (changed.outcome === 'uncertain') return false
    for (const { lift } of waiting.splice(0, these.length)) lift()
    if (waiting.length > 0) return false
    endings.delete(roster)
    events.emit('revoke.completed', { of: roster })
    return true
  }

  function driveOn(roster: RosterKey, waiting: Ending[]): void {
    void pending.drive({
      key: `in favour ${roster} ${drives++}`,
      about: roster,
      holdsSignIns: false,
      attempt: () => confirm(roster, waiting).catch(() => false),
    })
    endings.set(roster, waiting)
    events.emit('revoke.uncertain', { of: roster })
  }

  return {
    seeTo(roster, outcome, ends) {
      if (outcome !== 'uncertain' || ends.length === 0) return
      const waiting = endings.get(roster) ?? []
      if (waiting.length + ends.length > MOST_PER_ROSTER) throw overloaded()
      if (waiting.length === 0) driveOn(roster, waiting)
      for (const { rule, refusal } of ends) waiting.push({ rule, lift: refusals.add(refusal) })
    },
  }
}

function overloaded(): SystemError {
  return new SystemError(
    'OVERLOADED',
    'Too many changes of one roster wait for the store to confirm them. Try again when it is well.',
    { retryable: true },
  )
}
