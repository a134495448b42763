/**
 * How many sessions of a subject were live at once, at the least: each from the acknowledgement of its sign-in until the
 * first of what may have ended it was asked for. Nothing that the history leaves open adds to the count, so more than the
 * limit is a violation for certain. Pure.
 */
import type { Operation } from '../history.ts'
import { endingsOf } from './endings.ts'

/** The most at any instant, by subject. */
export function deviceCounts(history: readonly Operation[]): ReadonlyMap<string, number> {
  const { signIns, earliest } = endingsOf(history)
  const steps = new Map<string, Step[]>()
  for (const [session, { subject = '', returnedAt = 0 }] of signIns) {
    const until = earliest(session)
    if (until <= returnedAt) continue
    const known = steps.get(subject) ?? []
    known.push({ at: returnedAt, by: 1 }, { at: until, by: -1 })
    steps.set(subject, known)
  }
  return new Map([...steps].map(([subject, changes]) => [subject, most(changes)]))
}

interface Step {
  readonly at: number
  readonly by: 1 | -1
}

function most(steps: readonly Step[]): number {
  let count = 0
  let highest = 0
  for (const { by } of steps.toSorted((one, other) => one.at - other.at || one.by - other.by)) {
    count += by
    highest = Math.max(highest, count)
  }
  return highest
}
