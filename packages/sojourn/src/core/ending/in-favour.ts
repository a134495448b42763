/**
 * What ended in a session's favour: evicted sessions, replaced secrets, claimed records. The change that ended them is
 * acknowledged as soon as it is applied. Where the store could not say that it reached its write class, a copy that
 * takes over may not have it: until the class is confirmed, this process refuses what was ended and drives the end on.
 *
 * One drive per roster, for all that was ended in it meanwhile. Sign-ins do not wait for it: it ends nothing but what
 * it was begun for. The place in a drive is taken before the change is made: what cannot be driven on is not written,
 * or a client would lose the only token it has.
 */
import type { PendingRevocations } from './pending.ts'
import type { Refusal, Refusals } from './refusals.ts'
import { SystemError } from '../errors.ts'
import type { Events } from '../events.ts'
import type { RosterKey } from '../ids.ts'
import { inTurn } from '../rules/again.ts'
import type { Rule } from '../rules/rule.ts'
import type { WriteClass } from '../store.ts'
import type { Changed, ChangeRequest, Writer } from '../writing/writer.ts'

export interface EndedInFavour {
  /** Ends it again where the store has lost the end. */
  readonly rule: Rule<unknown>
  /** What is refused here meanwhile. */
  readonly refusal: Refusal
}

export interface EndsInFavour {
  /**
   * Makes a change that may end something in a session's favour, and sees to those ends unless they were confirmed
   * together with the change.
   *
   * @throws SystemError as `Writer.change`; `OVERLOADED` when it would end something and too much is driven already: the
   * end could not be promised, so nothing is written
   */
  change<Answer>(roster: RosterKey, change: ChangeInFavour<Answer>): Promise<Changed<Answer>>
  /** Keeps a place for a change of the roster that is made later; `undefined` when there is none. */
  hold(roster: RosterKey): HeldPlace | undefined
}

/** To be given back, whether or not the change was made. */
export interface HeldPlace {
  readonly giveBack: () => void
}

interface ChangeInFavour<Answer> extends ChangeRequest<Answer> {
  /** What the change ended in a session's favour, by its answer. */
  readonly endsOf: (answer: Answer) => readonly EndedInFavour[]
  /** A place in this roster that was kept for it. */
  readonly held?: HeldPlace | undefined
}

interface Parts {
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

/** What may still have to be driven on in a roster is counted before it is written. */
interface Place {
  /** Changes under way that may end something. */
  underWay: number
  /** What was ended and is not confirmed. */
  readonly waiting: Ending[]
}

const MOST_ROSTERS = 10_000
const MOST_PER_ROSTER = 256

export function createEndsInFavour(parts: Parts): EndsInFavour {
  const { events, writer, refusals, pending, writeClass, realm, announce } = parts
  const places = new Map<RosterKey, Place>()

  function hasRoom(roster: RosterKey): boolean {
    const place = places.get(roster)
    return place === undefined
      ? places.size < MOST_ROSTERS
      : place.underWay + place.waiting.length < MOST_PER_ROSTER
  }

  function take(roster: RosterKey, isHeld: boolean): Place | undefined {
    if (!isHeld && !hasRoom(roster)) return undefined
    const place = places.get(roster) ?? { underWay: 0, waiting: [] }
    places.set(roster, place)
    place.underWay++
    return place
  }

  function giveBack(roster: RosterKey, place: Place): void {
    place.underWay--
    forgetIfEmpty(roster, place)
  }

  function forgetIfEmpty(roster: RosterKey, { underWay, waiting }: Place): void {
    if (underWay === 0 && waiting.length === 0) places.delete(roster)
  }

  async function confirm(roster: RosterKey, place: Place): Promise<boolean> {
    const { waiting } = place
    const these = [...waiting]
    const changed = await writer.change(roster, {
      scope: 'roster',
      rule: inTurn(these.map(({ rule }) => rule)),
      writeClass,
      repeatable: true,
      confirm: { realm },
      urgent: true,
    })
    announce(roster, changed)
    if (changed.outcome === 'uncertain') return false
    for (const { lift } of waiting.splice(0, these.length)) lift()
    if (waiting.length > 0) return false
    forgetIfEmpty(roster, place)
    events.emit('revoke.completed', { of: roster })
    return true
  }

  function driveOn(roster: RosterKey, place: Place, ends: readonly EndedInFavour[]): void {
    const isDriven = place.waiting.length > 0
    for (const { rule, refusal } of ends) place.waiting.push({ rule, lift: refusals.add(refusal) })
    if (isDriven || ends.length === 0) return
    void pending.drive({
      key: `in favour ${roster}`,
      about: roster,
      holdsSignIns: false,
      attempt: () => confirm(roster, place).catch(() => false),
    })
    events.emit('revoke.uncertain', { of: roster })
  }

  return {
    async change(roster, { endsOf, held, ...request }) {
      const place = take(roster, held !== undefined)
      if (place === undefined)
        return await writer.change(roster, { ...request, rule: endingNothing(request.rule, endsOf) })
      try {
        const changed = await writer.change(roster, request)
        if (changed.outcome === 'uncertain') driveOn(roster, place, endsOf(changed.answer))
        return changed
      } finally {
        giveBack(roster, place)
      }
    },
    hold(roster) {
      const place = take(roster, false)
      return place && { giveBack: () => giveBack(roster, place) }
    },
  }
}

/** @throws (when applied) SystemError `OVERLOADED` when the rule ends something */
function endingNothing<Answer>(
  rule: Rule<Answer>,
  endsOf: (answer: Answer) => readonly EndedInFavour[],
): Rule<Answer> {
  return (roster, moment) => {
    const step = rule(roster, moment)
    if (endsOf(step.answer).length > 0) throw tooManyEnds()
    return step
  }
}

export function tooManyEnds(): SystemError {
  return new SystemError(
    'OVERLOADED',
    'Too many changes wait for the store to confirm them; this one would end something that could not be promised to stay ended, and was not made. Try again when the store is well.',
    { retryable: true },
  )
}
