/**
 * The copies: for each roster a short list, by number. So the one call that matters most, forgetting a roster, is one
 * deletion, and no index can disagree with what it indexes.
 *
 * lru-cache bounds their number; when they end is decided here, with the clocks of the Environment. A timer drops what
 * is over while there is anything: what was erased elsewhere does not stay in the memory of a quiet process.
 */
import { LRUCache } from 'lru-cache'
import type { Environment, Timer } from '../../core/environment.ts'
import { frozenHeader, frozenRecord } from '../../core/frozen.ts'
import type { RosterKey, SessionNumber } from '../../core/ids.ts'
import { ageAt, type Instant, instant } from '../../core/instant.ts'
import { MAX_RECORDS } from '../../core/roster.ts'
import type { Fenced, ReadAnswer, RosterRead } from '../../core/store.ts'
import type { Figures } from './figures.ts'

interface Copy {
  readonly number: SessionNumber
  /** The very same object as long as nothing was heard; nobody can change it. */
  readonly answer: RosterRead | undefined
  /** When the read was sent. */
  readonly sent: Instant
  readonly leaseMs: number
}

export interface Copies {
  /** A copy that may be used now. */
  find(roster: RosterKey, number: SessionNumber): Copy | undefined
  /** Keeps an answer, if it is one that may be kept. */
  keep(roster: RosterKey, number: SessionNumber, read: { answer: ReadAnswer; sent: Instant }): void
  forget(roster: RosterKey): void
  flush(): void
  /** How many there are. */
  readonly count: number
}

export interface CopiesParts {
  readonly environment: Environment
  readonly figures: Figures
  readonly entries: number
  readonly leaseMs: number
  /** For absences: no roster, or none of that number in it. */
  readonly negativeMs: number
  readonly fence: Fenced | undefined
}

const SWEEP_EVERY_MS = 1000
/** Some hundred µs; the cache is bounded whether they are dropped or not. */
const SWEPT_AT_ONCE = 2048

export function createCopies(parts: CopiesParts): Copies {
  const { environment, figures, entries, fence } = parts
  const rosters = new LRUCache<RosterKey, readonly Copy[]>({ maxSize: entries })
  const mostOfOneRoster = Math.min(entries, MAX_RECORDS)
  let timer: Timer | undefined

  function replace(roster: RosterKey, list: readonly Copy[]): void {
    if (list.length === 0) rosters.delete(roster)
    else rosters.set(roster, list, { size: list.length })
  }

  function find(roster: RosterKey, number: SessionNumber): Copy | undefined {
    const copy = copyOf(rosters.get(roster), number)
    if (copy === undefined) return undefined
    const now = instant(environment)
    // Not to come back when the fence does: it was read from what may have been deposed.
    if (fence !== undefined && !fence.isConfirmed(roster, now)) {
      forget(roster)
      return undefined
    }
    const age = ageAt(copy.sent, now)
    if (age >= copy.leaseMs) {
      figures.expired++
      replace(roster, without(rosters.peek(roster), number))
      return undefined
    }
    if (age > figures.oldestMs) figures.oldestMs = age
    if (copy.answer?.record === undefined) figures.negativeHits++
    else figures.hits++
    return copy
  }

  function keep(
    roster: RosterKey,
    number: SessionNumber,
    { answer, sent }: { readonly answer: ReadAnswer; readonly sent: Instant },
  ): void {
    if (!mayBeKept(answer)) return
    const leaseMs = answer?.record === undefined ? parts.negativeMs : parts.leaseMs
    if (ageAt(sent, instant(environment)) >= leaseMs) return
    const list = rosters.peek(roster)
    // Answers may overtake one another.
    if (isNewer(copyOf(list, number), sent)) return
    const others = without(list, number)
    const surplus = Math.max(0, others.length + 1 - mostOfOneRoster)
    replace(roster, [...others.slice(surplus), { number, answer: frozen(answer), sent, leaseMs }])
    timer ??= environment.after(SWEEP_EVERY_MS, sweep)
  }

  function forget(roster: RosterKey): void {
    rosters.delete(roster)
  }

  /** The least recently used end first: whatever was last used a lease ago is over. */
  function sweep(): void {
    const now = instant(environment)
    for (let dropped = 0; dropped < SWEPT_AT_ONCE; dropped++) {
      const [oldest] = rosters.rkeys()
      if (oldest === undefined || rosters.peek(oldest)?.some((copy) => !isOver(copy, now)) === true) break
      rosters.delete(oldest)
    }
    timer = rosters.size === 0 ? undefined : environment.after(SWEEP_EVERY_MS, sweep)
  }

  return {
    find,
    keep,
    forget,
    flush() {
      rosters.clear()
      timer?.cancel()
      timer = undefined
    },
    get count() {
      return rosters.calculatedSize
    },
  }
}

/**
 * An absence may be kept because it is remembered for a short while only, and because a token is given out after its
 * session was admitted: whoever asks for a number that is not there holds a token of a session that has ended.
 * Nothing may be concluded from a roster that is being restored, or from what cannot be read.
 */
function mayBeKept(answer: ReadAnswer): answer is RosterRead | undefined {
  if (answer === undefined) return true
  return typeof answer === 'object' && answer.unreadable === undefined && answer.header.state === 'live'
}

function frozen(answer: RosterRead | undefined): RosterRead | undefined {
  if (answer === undefined) return undefined
  const header = frozenHeader(answer.header)
  return Object.freeze(
    answer.record === undefined ? { header } : { header, record: frozenRecord(answer.record) },
  )
}

function copyOf(list: readonly Copy[] | undefined, number: SessionNumber): Copy | undefined {
  if (list !== undefined) for (const copy of list) if (copy.number === number) return copy
  return undefined
}

function without(list: readonly Copy[] | undefined, number: SessionNumber): readonly Copy[] {
  return list?.filter((copy) => copy.number !== number) ?? []
}

function isOver({ sent, leaseMs }: Copy, now: Instant): boolean {
  return ageAt(sent, now) >= leaseMs
}

function isNewer(copy: Copy | undefined, sent: Instant): boolean {
  return copy !== undefined && copy.sent.monotonic > sent.monotonic
}
