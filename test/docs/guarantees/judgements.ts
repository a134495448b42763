// What becomes of each promise on a topology: judged from the traits and deviations that a store declares, and from where
// it is put. Promises that no store can break are the engine's, and are not here.

import type { StoreTraits } from 'sojourn'
import type { Topology } from './topologies.ts'

export interface Judgement {
  readonly holds: boolean
  /** Why not, or by what means. */
  readonly because: string
}

export interface Guarantee {
  /** As in the table of all promises. */
  readonly number: number
  readonly text: string
  readonly judge: (topology: Topology) => Judgement
}

/** Rules of the conformance kit without which a promise is not kept. */
const RESTS_ON: Readonly<Record<number, readonly string[]>> = {
  1: ['STORE-08'],
  3: ['STORE-12', 'STORE-13', 'STORE-14', 'STORE-18', 'STORE-36'],
  7: ['STORE-17', 'STORE-23', 'STORE-31', 'STORE-32', 'STORE-58', 'STORE-59'],
  8: ['STORE-16', 'STORE-33', 'STORE-60'],
  9: ['STORE-15', 'STORE-35', 'STORE-38', 'STORE-61'],
  11: ['STORE-38', 'STORE-39', 'STORE-40', 'STORE-64'],
  13: ['STORE-05', 'STORE-06', 'STORE-65', 'STORE-66'],
}
/** Reads may be answered by a copy. */
const LATE = 'STORE-56'

const LOST_IN_FAILOVER = 'A failover may forget the last revocations.'

export const PROMISES: readonly Guarantee[] = [
  { number: 1, text: 'Revocation', judge: judged(1, seen) },
  { number: 2, text: 'Cut off', judge: cutOff },
  {
    number: 3,
    text: 'No resurrection',
    judge: judged(3, unlessForgotten('An ended session is written by nobody.')),
  },
  { number: 4, text: 'Honest acknowledgement', judge: acknowledged },
  { number: 7, text: 'Atomic per session', judge: judged(7, always('Compare and set.')) },
  { number: 8, text: 'Device limit', judge: judged(8, always('Compare and set of the whole roster.')) },
  { number: 9, text: 'User-wide revocation', judge: judged(9, unlessForgotten('One write.')) },
  { number: 11, text: 'Losing one server', judge: judged(11, available) },
  { number: 13, text: 'No cross-talk', judge: judged(13, always('Every value is bound to its place.')) },
]

type Judge = Guarantee['judge']

/** A declared deviation from a rule that the promise rests on decides; otherwise the rest is asked. */
function judged(number: number, otherwise: Judge): Judge {
  return (topology) => {
    const rules = RESTS_ON[number] ?? []
    const deviation = topology.traits.deviations.find(({ rule }) => rules.includes(rule))
    return deviation === undefined ? otherwise(topology) : { holds: false, because: deviation.because }
  }
}

function always(because: string): Judge {
  return () => ({ holds: true, because })
}

function unlessForgotten(because: string): Judge {
  return (topology) =>
    forgets(topology) ? { holds: false, because: LOST_IN_FAILOVER } : { holds: true, because }
}

function seen(topology: Topology): Judgement {
  if (forgets(topology)) return { holds: false, because: LOST_IN_FAILOVER }
  const late = topology.traits.deviations.find(({ rule }) => rule === LATE)
  return { holds: true, because: late?.because ?? 'Every check asks the store.' }
}

function cutOff({ isRemote, isFenced, failsOver, traits }: Topology): Judgement {
  if (!isRemote) return { holds: true, because: 'There is nothing to be cut off from.' }
  if (isFenced) {
    const witness = failsOver && strongestWriteClass(traits) === 'fast'
    return {
      holds: true,
      because: witness ? 'Heartbeats, confirmed by witnesses.' : 'Heartbeats that are confirmed.',
    }
  }
  return failsOver
    ? { holds: false, because: 'A server that was replaced goes on answering.' }
    : { holds: true, because: 'A server that does not answer is unavailable, and no other takes its place.' }
}

function acknowledged(topology: Topology): Judgement {
  if (forgets(topology)) return { holds: false, because: LOST_IN_FAILOVER }
  return { holds: true, because: `The class is \`${strongestWriteClass(topology.traits)}\`.` }
}

function available({ isRemote, failsOver, keeps }: Topology): Judgement {
  if (failsOver)
    return { holds: true, because: 'A replica takes over, without the sign-ins that had not reached it.' }
  if (isRemote || keeps)
    return { holds: false, because: 'It is the only one; what it kept is there when it is back.' }
  return { holds: false, because: 'The process is the only one, and keeps nothing.' }
}

/** What was acknowledged may not have reached whoever takes over. */
function forgets({ failsOver, traits }: Topology): boolean {
  return failsOver && strongestWriteClass(traits) === 'fast'
}

function strongestWriteClass({ writeClasses }: StoreTraits): string {
  return writeClasses.at(-1) ?? 'fast'
}
