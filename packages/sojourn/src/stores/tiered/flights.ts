/**
 * Reads that are under way to the hot store, and what becomes of their answers. Whoever misses the same place while one
 * is under way waits for it; an answer is kept only if nothing was heard of its roster since it was sent: news can
 * arrive before the answer of an older read that came in the same packet.
 *
 * What is forgotten is forgotten here too: a read that starts after a change was heard of, or after a commit of this
 * process was answered, asks anew.
 */
import type { Environment } from '../../core/environment.ts'
import type { RosterKey, SessionNumber } from '../../core/ids.ts'
import { ageAt, type Instant, instant } from '../../core/instant.ts'
import type { ReadAnswer, SessionStore } from '../../core/store.ts'
import type { Copies } from './copies.ts'
import type { Figures } from './figures.ts'

export interface Flights {
  /** From a copy, from a read under way, or by a read. **Cost**: at most one read of the hot store. */
  read(roster: RosterKey, number: SessionNumber): Promise<ReadAnswer>
  /** The roster's copies are dropped and answers under way will not be kept. */
  forget(roster: RosterKey): void
  /** The same for all rosters. */
  flush(): void
}

interface FlightsParts {
  readonly hot: SessionStore
  readonly environment: Environment
  readonly figures: Figures
  readonly copies: Copies
  readonly leaseMs: number
}

interface Flight {
  readonly number: SessionNumber
  readonly sent: Instant
  readonly answer: Promise<ReadAnswer>
  isDiscarded: boolean
}

/** A check's usual deadline: who began an older read has given it up, and another one may be luckier. */
const JOINED_FOR_MS = 250
/** A driver that lost a call never brings it back, and what is under way must stay bounded. */
const MOST_ROSTERS = 4096

export function createFlights(parts: FlightsParts): Flights {
  const { hot, environment, figures, copies } = parts
  const joinedForMs = Math.min(JOINED_FOR_MS, parts.leaseMs)
  const underWay = new Map<RosterKey, Flight[]>()

  async function read(roster: RosterKey, number: SessionNumber): Promise<ReadAnswer> {
    const copy = copies.find(roster, number)
    if (copy !== undefined) return copy.answer
    const now = instant(environment)
    const joinable = underWay
      .get(roster)
      ?.find((flight) => flight.number === number && ageAt(flight.sent, now) < joinedForMs)
    if (joinable === undefined) return await begin(roster, number, now).answer
    figures.joined++
    return await joinable.answer
  }

  function begin(roster: RosterKey, number: SessionNumber, sent: Instant): Flight {
    figures.misses++
    const flight: Flight = {
      number,
      sent,
      isDiscarded: false,
      answer: hot.read(roster, number).then(
        (answer) => {
          arrived(roster, flight, answer)
          return answer
        },
        (error: unknown) => {
          landed(roster, flight)
          throw error
        },
      ),
    }
    const [longestUnderWay] = underWay.keys()
    if (underWay.size >= MOST_ROSTERS && longestUnderWay !== undefined) discard(longestUnderWay)
    underWay.set(roster, [...(underWay.get(roster) ?? []), flight])
    return flight
  }

  function arrived(roster: RosterKey, flight: Flight, answer: ReadAnswer): void {
    landed(roster, flight)
    figures.oldestMs = Math.max(figures.oldestMs, ageAt(flight.sent, instant(environment)))
    if (flight.isDiscarded) figures.discarded++
    else copies.keep(roster, flight.number, { answer, sent: flight.sent })
  }

  function landed(roster: RosterKey, flight: Flight): void {
    const others = underWay.get(roster)?.filter((other) => other !== flight) ?? []
    if (others.length === 0) underWay.delete(roster)
    else underWay.set(roster, others)
  }

  function discard(roster: RosterKey): void {
    for (const flight of underWay.get(roster) ?? []) flight.isDiscarded = true
    underWay.delete(roster)
  }

  function flush(): void {
    for (const roster of underWay.keys()) discard(roster)
    copies.flush()
  }

  return {
    read,
    forget(roster) {
      discard(roster)
      copies.forget(roster)
    },
    flush,
  }
}
